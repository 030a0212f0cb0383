"""The parts of the pipeline's pages without Streamlit: forms, pictures, scores, words."""

from __future__ import annotations

import csv
import io

import pytest
from fake_pipeline import protocol

from frontend.components import words
from frontend.components.lineage import words_of
from frontend.components.pictures import Drawn, grid_html, legend_html
from frontend.components.pipeline_form import PARTS
from frontend.components.score_view import iou_bars, iou_csv
from frontend.components.settings_form import GROUPS, field_specs, groups_of, nested_problems, numbers
from frontend.components.stages import STAGE_TEXTS, named_results
from frontend.components.training import epoch_table
from frontend.schemas import Score
from ssenet.config import INPUTS, STAGES, PipelineSettings, pipeline_preset

SCORE = Score(
    id="s", subject="segmentation", miou=40.0, iou={"background": 60.0, "bird": 20.0, "fish": 40.0}, protocol=protocol()
)


@pytest.mark.parametrize("kind", sorted(STAGES))
def test_every_stage_has_words_and_a_form_whose_groups_have_headings(kind: str) -> None:
    stage = next(name for name in STAGES if name == kind)
    specs = field_specs(STAGES[stage].model_json_schema())
    assert STAGE_TEXTS[stage].sentence.endswith(".") and kind in words.KINDS
    assert [spec.name for spec in specs] == list(STAGES[stage].model_fields)
    assert set(groups_of(specs)) <= set(GROUPS)
    assert {spec.kind for spec in specs} <= {"boolean", "choice", "integer", "number", "array", "string"}


def test_groups_stand_in_one_order_whatever_a_model_inherits() -> None:
    for model in STAGES.values():
        order = groups_of(field_specs(model.model_json_schema()))
        assert order == [group for group in GROUPS if group in order]


def test_parts_of_the_form_are_the_models_inside_the_settings() -> None:
    flat = {spec.name for spec in field_specs(PipelineSettings.model_json_schema())}
    assert flat | set(PARTS) == set(PipelineSettings.model_fields) and not flat & set(PARTS)


def test_problems_are_found_by_part_and_field() -> None:
    values = pipeline_preset("quick", checkpoint="x").model_dump(mode="json")
    assert nested_problems(PipelineSettings, values, PARTS) == {}
    values["crf"] |= {"alpha_low": 99.0}
    values["walk"] |= {"radius": 1}
    found = nested_problems(PipelineSettings, values | {"images": 0}, PARTS)
    assert "alpha_low must not exceed" in found["crf"][""]
    assert "greater than or equal to 2" in found["walk"]["radius"] and "images" in found[""]


@pytest.mark.parametrize(
    ("text", "values"), [("0.5, 1", [0.5, 1.0]), ("", []), (" 2 ,", [2.0]), ("1, big", [1.0, "big"])]
)
def test_lists_of_numbers_are_read_and_what_is_none_is_left_for_the_model(text: str, values: list[object]) -> None:
    assert numbers(text) == values


def test_results_that_settings_name() -> None:
    settings = {"checkpoint": "net", "cams": "set", "beta": 8}
    assert named_results("random_walk", settings) == {"checkpoint": ("net", True), "cams": ("set", False)}
    assert named_results("train_affinity", {"crf": "set", "start": None}) == {"crf": ("set", False)}
    assert all(named_results(kind, dict.fromkeys(INPUTS[kind], "x")).keys() == INPUTS[kind].keys() for kind in INPUTS)


def test_grid_keeps_columns_and_escapes_what_it_is_told() -> None:
    one, none = Drawn("<b>", '"><script>', "data:,"), Drawn("gone", "gone", None, "There is no <item>.")
    html = grid_html([[one, one, one], [none]])
    assert "repeat(3," in html and html.count("<div></div>") == 2 and html.count("<img") == 3
    assert html.index("<div></div>") < html.index("There is no &lt;item&gt;.")
    assert "<script>" not in html and "<b><b>" not in html
    assert grid_html([[one], [one]], columns=4).count("<div></div>") == 6


def test_legend_has_the_colours_of_voc() -> None:
    html = legend_html(["aeroplane", "<x>"], [], ignored=True)
    assert "rgb(128,0,0)" in html and "rgb(0,128,0)" in html and "&lt;x&gt;" in html and "ignored (255)" in html
    assert "aeroplane" not in legend_html(["aeroplane", "bird"], ["bird"])


def test_bars_are_sorted_and_the_mean_is_drawn() -> None:
    figure = iou_bars(SCORE)
    assert list(figure.data[0].y) == ["bird", "fish", "background"] and figure.layout.shapes[0].x0 == 40.0
    rows = list(csv.reader(io.StringIO(iou_csv(SCORE))))
    assert rows[1:] == [["background", "60.0000"], ["bird", "20.0000"], ["fish", "40.0000"], ["mean", "40.0000"]]


def test_epochs_show_what_was_measured_and_leave_out_what_was_not() -> None:
    epochs = [{"epoch": 1, "values": {"train_loss": 0.5, "new_metric": 2.0}}, {"epoch": 2, "values": {}}]
    header, rows = epoch_table("train_affinity", epochs)
    assert header == ["epoch", "mean loss", "new metric"]
    assert rows == [["1", "0.500", "2.000"], ["2", "undefined", "undefined"]]
    assert epoch_table("train_affinity", []) == ([], [])


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (True, "yes"), (0.25, "0.25"), ([0.5, 1.0], "0.5, 1"), ("psa", "psa"), (3, "3")]
)
def test_settings_in_words(value: object, text: str) -> None:
    assert words_of(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(172799, "47 h 59 min"), (172800, "2 d"), (617137, "7 d 3 h")])
def test_long_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text
