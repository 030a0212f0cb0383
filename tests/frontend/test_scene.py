"""From logits to what the canvas gets, and to what is measured and said; all without Streamlit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fake_api import FakeService
from PIL import Image

from frontend.canvas import HIGHEST
from frontend.components import covered, scene, strip
from frontend.components.cams import Gathered
from frontend.components.comparison_link import compared_row, question
from frontend.components.covered import Measured
from frontend.components.truth import Place, Truth, labels_of_png
from frontend.schemas import Checkpoint
from ssenet.analysis.coverage import Balance, Coverage, mean_map
from ssenet.data.images import encode_mask_png, working_size
from ssenet.render import normalise
from ssenet.results import View

PHOTOGRAPH = np.zeros((40, 60, 3), np.uint8)


def gathered(fake: FakeService, name: str, **logits: float) -> Gathered:
    """Constant logits by class; all others are far below."""
    card = fake.checkpoints[name]
    maps = np.full((len(card.classes), 2, 2), -9, np.float32)
    for key, value in logits.items():
        maps[card.classes.index(key)] = value
    return Gathered(name, Checkpoint(id=name, name=name, card=card), {View(scale=1): maps})


def layers(*found: Gathered, known: tuple[str, ...] = (), given: bool = False) -> list[scene.Layer]:
    """Their rows."""
    return [scene.layer(one, known, given=given) for one in found]


# Classes ------------------------------------------------------------------------------------------
def test_a_small_network_sends_all_classes_and_a_large_one_the_best_and_the_known(fake: FakeService) -> None:
    one = gathered(fake, "demo-baseline", bird=2, fish=1)
    assert scene.classes_sent(one, ["bird"], given=False) == list(range(10))
    assert scene.classes_sent(one, ["fish"], given=True) == [4]
    assert scene.classes_sent(one, ["tabby"], given=True) == list(range(10))
    names = tuple(f"class {k}" for k in range(100))
    large = one.checkpoint.model_copy(update={"card": one.checkpoint.card.model_copy(update={"classes": names})})
    maps = np.arange(100, dtype=np.float32)[:, None, None] * np.ones((100, 2, 2), np.float32) / 10
    sent = scene.classes_sent(Gathered("x", large, {View(scale=1): maps}), ["class 3"], given=False)
    assert sent == [3, *range(76, 100)]
    row = scene.layer(Gathered("x", large, {View(scale=1): maps}), ["class 3"], given=False)
    assert row.classes[0] == "class 3" and row.maps[View(scale=1)][0, 0, 0] == np.float16(0.3)


def test_highest_is_the_likeliest_class_of_all_rows_that_a_row_has(fake: FakeService) -> None:
    rows = layers(gathered(fake, "demo-baseline", bird=2), gathered(fake, "demo-ssenet", fish=3))
    assert [scene.class_shown(rows, row, HIGHEST) for row in rows] == ["fish", "fish"]
    assert scene.class_shown(rows, rows[0], "tabby") == "bird"
    only = layers(gathered(fake, "demo-baseline", bird=2), known=("flower",), given=True)
    assert scene.class_shown(only, only[0], HIGHEST) == "flower"


def test_a_large_network_whose_maps_are_still_to_come_has_a_row_without_a_class(fake: FakeService) -> None:
    one = gathered(fake, "demo-baseline", bird=2)
    names = tuple(f"class {k}" for k in range(100))
    large = one.checkpoint.model_copy(update={"card": one.checkpoint.card.model_copy(update={"classes": names})})
    found = [one, Gathered("x", large)]
    rows = layers(*found)
    assert rows[1].classes == () and rows[1].maps == {}
    assert [row.class_name for row in scene.subjects(found, rows, HIGHEST)] == ["bird", ""]


@pytest.mark.parametrize(
    ("width", "height", "size"), [(400, 300, (300, 400)), (1024, 512, (256, 512)), (3, 3000, (512, 1))]
)
def test_working_size(width: int, height: int, size: tuple[int, int]) -> None:
    assert working_size(height, width) == size


# Ground truth -------------------------------------------------------------------------------------
def test_palette_png_gives_back_exactly_its_labels() -> None:
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(labels_of_png(encode_mask_png(labels)), labels)
    buffer = io.BytesIO()
    Image.fromarray(PHOTOGRAPH).save(buffer, "PNG")
    with pytest.raises(ValueError, match="indexed PNG"):
        labels_of_png(buffer.getvalue())


def test_places_are_what_the_service_says() -> None:
    assert Place.parse("a/b/val/3") == Place("a/b", "val", 3)
    assert Place.parse(Place("demo", "val", 7).name) == Place("demo", "val", 7)
    assert Place.parse("0" * 32) is None and Place.parse("demo/val") is None


def test_truth_knows_what_it_shows() -> None:
    truth = Truth(Place("demo", "val", 0), np.array([[0, 2, 255]], np.uint8), ("bird", "fish"))
    assert truth.shown == ["fish"] and truth.label("fish") == 2
    assert truth.label("bird") is None and truth.label("tabby") is None


# The answer ---------------------------------------------------------------------------------------
def measured(name: str, method: str, balance: Balance, **rows: tuple[int, int, int]) -> Measured:
    """A row with the given counts."""
    counts = {row.removeprefix("s"): Coverage(*values) for row, values in rows.items()}
    return Measured(name, method, "bird", {}, True, 0.5, counts, balance, None)


BASELINE = measured("base", "baseline", Balance("until", 2.0), s1=(10, 30, 2), s2=(8, 2, 4), MS=(9, 9, 3))
ALWAYS = measured("wide", "baseline", Balance("always"), s1=(10, 30, 2), s2=(8, 12, 4))
NEVER = measured("narrow", "ssenet", Balance("never"), s1=(0, 0, 12), s2=(4, 1, 8))


def test_answer_says_where_over_covering_ends_ssenet_first() -> None:
    ssenet = measured("ours", "ssenet", Balance("until", 1.0), s1=(10, 3, 4), s2=(8, 2, 6))
    assert covered.answer([BASELINE, ssenet]) == (
        "<b>ours</b> stops over-covering the bird at scale <b>1</b> (FP/TP 0.30); "
        "<b>base</b> does at scale <b>2</b> (FP/TP 0.25)."
    )


def test_answer_says_so_when_it_never_or_always_over_covers() -> None:
    assert covered.answer([ALWAYS]) == "<b>wide</b> over-covers the bird up to the largest scale, 2 (FP/TP 1.50)."
    assert covered.answer([NEVER]) == "<b>narrow</b> over-covers the bird at no scale, and covers nothing of it at 1."


def test_a_map_that_covers_nothing_is_not_praised_for_it() -> None:
    blind = measured("blind", "ssenet", Balance("until", 2.0), s1=(10, 30, 2), s2=(0, 0, 12))
    said = "<b>blind</b> stops over-covering the bird at scale <b>2</b> (and covers nothing of it there)."
    assert covered.answer([blind]) == said


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        (["baseline", "ssenet"], "Is the difference to the baseline real?"),
        (["ssenet", "ssenet"], "Is the difference real?"),
        (["ssenet", "classifier"], None),
        (["baseline"], None),
    ],
)
def test_only_what_can_be_compared_is_asked_about(methods: list[str], asked: str | None) -> None:
    assert question(methods) == asked


def test_a_network_after_one_that_never_stops_is_said_in_full() -> None:
    assert "<b>base</b> stops over-covering the bird at scale" in covered.answer([ALWAYS, BASELINE])


def test_comparison_is_at_the_scale_where_ssenet_stops_over_covering() -> None:
    ssenet = measured("ours", "ssenet", Balance("until", 1.0), s1=(10, 3, 4), s2=(8, 2, 6))
    assert compared_row([BASELINE, ssenet], [1.0, 2.0]) == "1"
    assert compared_row([BASELINE, NEVER], [1.0, 2.0]) == "2"
    assert compared_row([ALWAYS, NEVER], [1.0, 2.0]) == "MS" and compared_row([ALWAYS], [2.0]) == "2"


def test_csv_has_a_line_for_each_row_and_leaves_undefined_empty() -> None:
    one = Measured(
        "n", "ssenet", "bird", {"1": PHOTOGRAPH}, True, 0.5, {"1": Coverage(0, 2, 3)}, Balance("never"), None
    )
    (line,) = covered.csv_rows([one], 0.2)
    assert dict(zip(covered.CSV_HEADER, line, strict=True)) == {
        "checkpoint": "n", "class": "bird", "row": "1", "alpha": 0.2, "tp": 0, "fp": 2, "fn": 3, "fp_over_tp": None,
        "fn_over_tp": None, "iou": 0.0, "consistency": 0.5,
    }  # fmt: skip


def test_names_in_the_answer_are_escaped() -> None:
    evil = measured("<script>", "ssenet", Balance("never"), s1=(1, 0, 2))
    assert "<script>" not in covered.answer_html([evil], 0.2) and "<script>" not in covered.coverage_table(
        [evil], ["1"]
    )


# The strip as a picture ---------------------------------------------------------------------------
def subject_of(*values: float) -> strip.Subject:
    """A row of one class whose map is constant at each scale 1, 2, …"""
    coarse = {View(scale=i + 1): np.full((1, 2, 3), value, np.float32) for i, value in enumerate(values)}
    return strip.Subject("net", "baseline", "bird", 0, coarse)


def test_strip_has_a_picture_for_every_scale_and_their_sum() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0, 2.0)], [1.0, 2.0], strip.Look())
    assert drawn.columns == ("1", "2", "MS")
    assert all(p is not None and p.shape == PHOTOGRAPH.shape for p in drawn.rows[0].pictures.values())
    assert drawn.rows[0].consistency == pytest.approx(1.0, abs=1e-4)


def test_missing_scale_leaves_a_gap_and_no_multi_scale() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0)], [1.0, 2.0], strip.Look())
    assert [column for column, picture in drawn.rows[0].pictures.items() if picture is None] == ["2", "MS"]
    assert drawn.rows[0].consistency is None


def test_shared_normalisation_keeps_the_order_of_maps_and_eq3_does_not() -> None:
    def brightness(look: strip.Look) -> list[float]:
        pictures = strip.build(PHOTOGRAPH, [subject_of(1.0, 4.0)], [1.0, 2.0], look).rows[0].pictures.values()
        return [float(p.mean()) for p in pictures if p is not None]

    low, high, both = brightness(strip.Look(alpha=1.0, normalisation="shared"))
    assert low < both < high
    assert len({round(x, 3) for x in brightness(strip.Look(alpha=1.0))}) == 1


def test_strip_picture_is_the_renderer_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def overlay(image: np.ndarray, score: np.ndarray, **_: object) -> np.ndarray:
        seen.append(score)
        return image

    monkeypatch.setattr(strip, "overlay", overlay)
    ramp = np.linspace(-1, 3, 24, dtype=np.float32).reshape(1, 4, 6)
    strip.build(PHOTOGRAPH, [strip.Subject("n", "", "bird", 0, {View(scale=1): ramp})], [1.0], strip.Look())
    expected = normalise(mean_map({View(scale=1): ramp}, (40, 60), 0, [1.0])[None])[0]
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


def test_png_holds_all_pictures_with_their_labels() -> None:
    drawn = strip.build(PHOTOGRAPH, [subject_of(1.0, 2.0)] * 2, [1.0, 2.0], strip.Look())
    with Image.open(io.BytesIO(strip.to_png(drawn, "class bird"))) as sheet:
        assert sheet.format == "PNG" and sheet.width > 4 * 60 and sheet.height > 2 * 40
