"""A form generated from the JSON schema of a settings model: one definition, no second list of fields."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import streamlit as st
from pydantic import BaseModel, ValidationError

GROUPS = {
    "data": "Data",
    "method": "Method",
    "views": "Views of a photograph",
    "labels": "Labels",
    "crf": "Dense CRF",
    "walk": "Random walk",
    "background": "Background",
    "network": "Network",
    "images": "Images",
    "optimiser": "Optimiser",
    "run": "Run",
}
"""Headings, in the order in which they stand, whatever the order of the fields."""
WORDS = {
    "lr": "learning rate",
    "eta": "η",
    "ser": "SER",
    "val": "validation",
    "gamma": "γ",
    "beta": "β",
    "alpha": "α",
    "crf": "CRF",
    "cam": "CAM",
    "cams": "CAMs",
    "sxy": "width",
    "srgb": "colour width",
    "compat": "weight",
    "relu": "ReLU",
}
EMPTY = {"crf": "the preset's"}
"""What an empty number stands for, by group; ``all`` elsewhere."""
COLUMNS = 3


@dataclass(frozen=True)
class FieldSpec:
    """One field of the form, as the schema describes it."""

    name: str
    label: str
    kind: str
    group: str
    help: str
    options: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: float | None = None
    optional: bool = False
    names: Mapping[Any, str] = field(default_factory=dict)
    """Options in words, where they are not words themselves."""


def field_specs(schema: Mapping[str, Any]) -> list[FieldSpec]:
    """The fields of a pydantic JSON schema, in order; models inside the model are left out.

    Args:
        schema: ``model_json_schema()`` of a model whose fields carry ``group`` and ``unit``.
    """
    properties: dict[str, dict[str, Any]] = schema["properties"]
    return [_spec(name, details) for name, details in properties.items() if "group" in details]


def _spec(name: str, details: Mapping[str, Any]) -> FieldSpec:
    choices = details.get("anyOf", [])
    optional = any(choice.get("type") == "null" for choice in choices)
    core = next((choice for choice in choices if choice.get("type") != "null"), details)
    unit = details.get("unit", "")
    return FieldSpec(
        name=name,
        label=human(name) + (f" ({unit})" if unit and unit not in name else ""),
        kind="choice" if "enum" in core else core.get("type", "string"),
        group=details["group"],
        help=details.get("description", "") + _limits(core),
        options=tuple(core.get("enum", ())),
        minimum=core.get("minimum"),
        maximum=core.get("maximum"),
        multiple_of=core.get("multipleOf"),
        optional=optional,
    )


def human(name: str) -> str:
    """A field's name for people: ``val_images`` → ``Validation images``."""
    text = " ".join(WORDS.get(word, word) for word in name.split("_"))
    # η stays small: its capital would read as H.
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


def _limits(core: Mapping[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {core[key]:g}" for key, sign in signs.items() if key in core]
    if "multipleOf" in core:
        limits.append(f"a multiple of {core['multipleOf']:g}")
    return f" Allowed: {' and '.join(limits)}." if limits else ""


def settings_form(
    specs: Sequence[FieldSpec],
    values: Mapping[str, Any],
    prefix: str,
    problems: Mapping[str, str],
    *,
    titles: Mapping[str, str] = MappingProxyType({}),
    in_address: bool = True,
) -> dict[str, Any]:
    """Draw the fields by group and return what they hold.

    Args:
        specs: fields to draw.
        values: what they start with.
        prefix: start of the widget keys; another prefix is another form with a state of its own.
        problems: messages by field name, shown under the field.
        titles: headings of groups, where others fit better than the usual ones.
        in_address: whether changed values stand in the page's address.
    """
    entered: dict[str, Any] = {}
    for group in groups_of(specs):
        st.subheader(titles.get(group) or GROUPS.get(group, group.capitalize()), anchor=False)
        members = [spec for spec in specs if spec.group == group]
        for start in range(0, len(members), COLUMNS):
            for column, spec in zip(st.columns(COLUMNS), members[start : start + COLUMNS], strict=False):
                with column:
                    entered[spec.name] = _widget(spec, values[spec.name], f"{prefix}.{spec.name}", in_address)
                    if spec.name in problems:
                        st.error(problems[spec.name])
    return entered


def groups_of(specs: Sequence[FieldSpec]) -> list[str]:
    """The groups of the fields in the order of ``GROUPS``: inherited fields come first in a schema, not on a page."""
    order = list(GROUPS)
    found = dict.fromkeys(spec.group for spec in specs)
    return sorted(found, key=lambda group: order.index(group) if group in order else len(order))


def _widget(spec: FieldSpec, value: Any, key: str, in_address: bool) -> Any:
    common: dict[str, Any] = {"key": key, "help": spec.help, "persist_state": "session"}
    common |= {"bind": "query-params"} if in_address else {}
    if spec.kind == "boolean":
        return st.toggle(spec.label, value, **common)
    if spec.kind == "choice":
        index = spec.options.index(value) if value in spec.options else 0
        return st.selectbox(spec.label, spec.options, index, format_func=lambda o: spec.names.get(o, str(o)), **common)
    if spec.kind in ("integer", "number"):
        return _number(spec, value, common)
    if spec.kind == "array":
        return numbers(st.text_input(spec.label, ", ".join(f"{x:g}" for x in value), **common))
    return st.text_input(spec.label, value or "", **common) or None


def numbers(text: str) -> list[float | str]:
    """Numbers separated by commas; what is none stays text, for the model to refuse it."""
    return [_number_or_text(part.strip()) for part in text.split(",") if part.strip()]


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _number(spec: FieldSpec, value: float | None, common: Mapping[str, Any]) -> float | int | None:
    kind = int if spec.kind == "integer" else float
    options: dict[str, Any] = {
        "min_value": None if spec.minimum is None else kind(spec.minimum),
        "max_value": None if spec.maximum is None else kind(spec.maximum),
        "value": None if value is None else kind(value),
        "step": kind(spec.multiple_of or _step(value, whole=kind is int)),
        "format": None if kind is int else "%g",
        "placeholder": EMPTY.get(spec.group, "all") if spec.optional else None,
    }
    number: float | int | None = st.number_input(spec.label, **options, **common)
    return number


def _step(value: float | None, *, whole: bool) -> float:
    """A step that moves the first digit of ``value``."""
    if whole or not value:
        return 1 if whole else 0.1
    return float(10.0 ** math.floor(math.log10(abs(value))))


def problems_of(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """What the model says against ``values``, by field name; key ``""`` for what concerns several fields."""
    return nested_problems(model, values).get("", {})


def nested_problems(
    model: type[BaseModel], values: Mapping[str, Any], parts: Collection[str] = ()
) -> dict[str, dict[str, str]]:
    """What the model says against ``values``: by part of the model (``""`` is the model itself), then by field.

    Args:
        model: to validate with.
        values: of its fields.
        parts: names of the fields that are models themselves.
    """
    try:
        model.model_validate(values)
    except ValidationError as error:
        found: dict[str, dict[str, str]] = {}
        for e in error.errors():
            path = [str(step) for step in e["loc"]]
            part = path.pop(0) if path and path[0] in parts else ""
            found.setdefault(part, {})[path[0] if path else ""] = e["msg"].removeprefix("Value error, ")
        return found
    return {}
