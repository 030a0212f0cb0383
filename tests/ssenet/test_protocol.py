"""What ground truth had its hand in, said in words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ssenet.config import CamTrainSettings
from ssenet.protocol import GIVEN_LABELS, ORACLE, NetworkUse, ViewProtocol, leaks
from ssenet.results import CheckpointCard, ProtocolCard

FAIR = ProtocolCard(
    dataset="demo",
    dataset_fingerprint="f",
    split="val",
    images=4,
    label_source="predicted",
    scales=(1.0,),
    flip=False,
    alpha_rule="fixed 0.2",
    weights_sha256="0" * 64,
    code_version="0",
)


def network(**changes: Any) -> CheckpointCard:
    """A checkpoint after epoch 3 of 10 that was validated on the scored split."""
    values: dict[str, Any] = {
        "name": "run",
        "method": "ssenet",
        "backbone": "tf_efficientnet_lite0",
        "stride": 16,
        "classes": ("cat",),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "settings": CamTrainSettings(epochs=10),
        "epoch": 3,
        "metrics": {"val_miou": 0.3},
        "metrics_protocol": FAIR,
        "weights_sha256": "0" * 64,
        "code_version": "0",
    }
    return CheckpointCard(**(values | changes))


def test_nothing_leaks_into_a_fair_number() -> None:
    assert leaks(FAIR) == [] and not FAIR.uses_ground_truth
    assert leaks(FAIR, [network(epoch=10)]) == [], "the last epoch was not chosen by its score"


def test_given_labels_and_a_chosen_alpha_are_named() -> None:
    both = FAIR.model_copy(update={"label_source": "given", "alpha_rule": "best on the scored images"})
    assert leaks(both) == [GIVEN_LABELS, ORACLE] and both.uses_ground_truth


def test_an_earlier_epoch_with_scores_on_the_split_may_have_been_picked_by_them() -> None:
    (said,) = leaks(FAIR, [network(), network(name="other", epoch=10)])
    assert "run is of epoch 3 of 10" in said
    elsewhere = FAIR.model_copy(update={"split": "test"})
    unscored: dict[str, Any]
    for unscored in ({"metrics": {}}, {"metrics_protocol": None}, {"settings": None}, {"metrics_protocol": elsewhere}):
        assert leaks(FAIR, [network(**unscored)]) == [], unscored


def view(**changes: Any) -> ViewProtocol:
    """A view of one photograph."""
    given: dict[str, Any] = {
        "photograph": "a" * 64,
        "source": "gallery",
        "networks": (NetworkUse.of(network()),),
        "scales": (0.5, 1.0),
        "flip": True,
        "label_source": "predicted",
        "alpha": 0.2,
    }
    return ViewProtocol(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"measured": ("IoU",)}, []),
        ({"label_source": "all"}, []),
        ({"alpha_from": "suggested"}, []),
        ({"label_source": "given"}, ["given"]),
        ({"alpha_from": "oracle"}, ["own mask"]),
        ({"label_source": "given", "chosen": ("the object is chosen by its mask",)}, ["given", "chosen by its mask"]),
    ],
)
def test_what_ground_truth_chose_of_a_photographs_view(changes: dict[str, Any], said: list[str]) -> None:
    found = view(**changes).leaks
    assert len(found) == len(said) and all(part in text for part, text in zip(said, found, strict=True))


def test_the_rule_of_alpha_is_said_with_its_value() -> None:
    assert view().alpha_rule() == "fixed 0.200"
    assert "experimental" in view(alpha_from="suggested", alpha=0.31).alpha_rule()
    assert "mask: 0.310" in view(alpha_from="oracle", alpha=0.31).alpha_rule()
    assert view(alpha=None, alpha_from="none").alpha_rule() == "none used"


def test_a_manifest_carries_the_whole_protocol() -> None:
    said = view(label_source="given").of_bundle(**{"class": "cat", "classes": ["cat"]})
    assert said["leaks"] == [GIVEN_LABELS] and said["networks"][0]["weights_sha256"] == "0" * 64
    assert (said["class"], said["scales"], said["flip"]) == ("cat", [0.5, 1.0], True)
    with pytest.raises(ValidationError):
        view(unknown=1)
