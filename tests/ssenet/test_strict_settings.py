"""Settings take values of their own type only."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ssenet.config import CamInferSettings, CamTrainSettings


@pytest.mark.parametrize(
    "value",
    [{"dropout": False}, {"epochs": "3"}, {"epochs": True}, {"pretrained": 1}, {"pretrained": "yes"}, {"backbone": 3}],
)
def test_nothing_stands_for_a_value_of_another_type(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        CamTrainSettings.model_validate(value)


def test_values_in_lists_are_looked_at_too() -> None:
    with pytest.raises(ValidationError, match="a number"):
        CamInferSettings.model_validate({"checkpoint": "x", "dataset": "demo", "scales": [0.5, "1.0"]})


def test_whole_numbers_are_numbers() -> None:
    settings = CamTrainSettings.model_validate({"epochs": 3.0, "dropout": 0})
    assert (settings.epochs, settings.dropout) == (3, 0.0)
