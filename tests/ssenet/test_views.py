"""Views: what they are called, and that names say all there is to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ssenet.results import View, cam_key, views_of

SCALES = st.floats(0.1, 4.0).map(lambda scale: float(f"{scale:g}"))
SHIFTS = st.floats(-0.5, 0.5)
VIEWS = st.builds(View, scale=SCALES, flip=st.booleans(), rotation=st.floats(-180, 180), shift_x=SHIFTS, shift_y=SHIFTS)


@given(view=VIEWS)
def test_a_name_says_which_view_it_is(view: View) -> None:
    assert View.parse(view.name) == view
    assert set(view.name) <= set("sflipxyr-.e0123456789")


@given(one=VIEWS, other=VIEWS)
def test_two_views_have_two_names(one: View, other: View) -> None:
    assert (one.name == other.name) == (one == other)


@pytest.mark.parametrize(
    ("view", "name"),
    [
        (View(scale=0.5), "s0.5"),
        (View(scale=1, flip=True), "s1-flip"),
        (View(scale=1.75, rotation=0.001, shift_x=-1e-9), "s1.75"),
        (View(scale=1, rotation=15), "s1-r15"),
        (View(scale=0.5, flip=True, rotation=-7.5, shift_x=-0.1, shift_y=0.25), "s0.5-flip-r-7.5-x-0.1-y0.25"),
        (View(scale=2, shift_y=0.0001), "s2-y0.0001"),
    ],
)
def test_names(view: View, name: str) -> None:
    assert view.name == name
    assert View.parse(name) == view


def test_maps_computed_before_there_were_rotations_keep_their_keys() -> None:
    """The keys as they were written then."""
    before = {
        "s0.5": "1a10eb32323667f865ef5b179120b1061d3ff74e8c9f3d7ea86894d58f8b9ef5",
        "s1-flip": "ce2ce85dbba5603ab8740466dd7e970be9bca7f0723c76a5b26e65f6515bca05",
    }
    for name, key in before.items():
        assert cam_key("a" * 64, "b" * 64, View.parse(name), "float16") == key
    assert cam_key("a" * 64, "b" * 64, View(scale=0.5, rotation=15), "float16") not in before.values()


@pytest.mark.parametrize("name", ["", "0.5", "s", "s1-flop", "s1-x0.1-r15", "s1-r15-r15", "s1-r", "s1-r200", "s-1"])
def test_what_is_no_view_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name of a view|less than or equal|greater than"):
        View.parse(name)


@pytest.mark.parametrize("field", ["rotation", "shift_x", "shift_y"])
def test_limits(field: str) -> None:
    for value in (181.0, -181.0, float("nan")):
        with pytest.raises(ValidationError):
            View.model_validate({"scale": 1, field: value})


def test_all_views_of_a_query_are_moved_alike() -> None:
    views = views_of((1.0, 0.5), True, rotation=15, shift_y=0.1)
    assert [view.name for view in views] == [
        "s0.5-r15-y0.1", "s0.5-flip-r15-y0.1", "s1-r15-y0.1", "s1-flip-r15-y0.1",
    ]  # fmt: skip
    assert all(view.warped for view in views) and not any(view.warped for view in views_of((1.0,), True))
