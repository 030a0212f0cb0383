"""Protocol cards: what is shared once, what leaked in words, and the colours of the badges."""

from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeService, record
from pydantic import ValidationError

from frontend import schemas as s
from frontend.components.protocol import protocol_html, view_protocol, view_protocol_html
from ssenet.config import CamTrainSettings

PHOTOGRAPH = s.Image(id="a" * 32, sha="ab" * 32, width=4, height=3, source="gallery")


def checkpoints(fake: FakeService) -> list[s.Checkpoint]:
    return [s.Checkpoint(id=key, name=card.name, card=card) for key, card in fake.checkpoints.items()]


def card(fake: FakeService, **changes: Any) -> str:
    """The HTML of a view's card."""
    how: dict[str, Any] = {"scales": (0.5, 1), "flip": False, "label_source": "predicted", "alpha": 0.2}
    return view_protocol_html(view_protocol(PHOTOGRAPH, checkpoints(fake), **(how | changes)), "the <strip>")


def test_a_view_says_everything_one_must_know_to_repeat_it(fake: FakeService) -> None:
    html = card(fake, classes_shown=("bird", "<b>"), crf="10 iterations")
    assert 'aria-label="Protocol of the &lt;strip&gt;"' in html and "bird, &lt;b&gt;" in html
    for network in fake.checkpoints.values():
        assert f"<dt>Weights, {network.name}</dt><dd>{network.weights_sha256[:12]}" in html
    for term in ("Photograph", "Source", "Scales", "Flip", "ReLU order", "Normalisation", "Labels", "α", "CRF", "Code"):
        assert f"<dt>{term}</dt>" in html
    assert "<dd>abababababab</dd>" in html and "10 iterations" in html


@pytest.mark.parametrize(
    ("changes", "colours"),
    [
        ({}, ["green"]),
        ({"measured": ("IoU",)}, ["blue"]),
        ({"label_source": "given"}, ["red"]),
        ({"alpha_from": "oracle"}, ["red"]),
        ({"chosen": ("the mask chose the object",)}, ["red"]),
        ({"label_source": "given", "measured": ("IoU", "coverage")}, ["red", "blue"]),
    ],
)
def test_the_badge_is_red_for_a_leak_blue_for_measuring_and_green_otherwise(
    fake: FakeService, changes: dict[str, Any], colours: list[str]
) -> None:
    html = card(fake, **changes)
    assert [c for c in ("green", "red", "blue") if f"sl-badge {c}" in html] == colours
    for words in (*changes.get("measured", ()), *changes.get("chosen", ())):
        assert words in html


def test_a_misspelt_field_is_refused(fake: FakeService) -> None:
    with pytest.raises(ValidationError):
        card(fake, alpha_form="oracle")


def test_the_card_of_scores_says_what_leaked(fake: FakeService) -> None:
    protocol = record("demo-ssenet").protocol
    html = protocol_html([("a", protocol)], "x")
    assert "image-level labels are given" in html and "α is chosen on the scored images" in html
    fair = protocol.model_copy(update={"label_source": "predicted", "alpha_rule": "fixed 0.2"})
    assert "no ground truth used" in protocol_html([("a", fair)], "x")
    network = fake.checkpoints["demo-ssenet"].model_copy(
        update={
            "settings": CamTrainSettings(epochs=10),
            "epoch": 2,
            "metrics": {"val_miou": 0.4},
            "metrics_protocol": fair,
            "weights_sha256": fair.weights_sha256,
        }
    )
    assert "epoch 2 of 10" in protocol_html([("a", fair)], "x", [network])
    other = network.model_copy(update={"weights_sha256": "9" * 64})
    assert "no ground truth used" in protocol_html([("a", fair)], "x", [other]), "it is not the network of the number"
