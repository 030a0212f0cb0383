"""A form generated from the JSON schema of a settings model: one definition, no second list of fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import BaseModel, ValidationError

GROUPS = {
    "data": "Data",
    "method": "Scale equivariant regularisation",
    "network": "Network",
    "images": "Images",
    "optimiser": "Optimiser",
    "run": "Run",
}
WORDS = {"lr": "learning rate", "eta": "η", "ser": "SER", "val": "validation", "gamma": "γ"}
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


def field_specs(schema: Mapping[str, Any]) -> list[FieldSpec]:
    """The fields of a pydantic JSON schema, in order.

    Args:
        schema: ``model_json_schema()`` of a flat model whose fields carry ``group`` and ``unit``.
    """
    return [_spec(name, details) for name, details in schema["properties"].items()]


def _spec(name: str, details: Mapping[str, Any]) -> FieldSpec:
    choices = details.get("anyOf", [])
    optional = any(choice.get("type") == "null" for choice in choices)
    core = next((choice for choice in choices if choice.get("type") != "null"), details)
    unit = details.get("unit", "")
    return FieldSpec(
        name=name,
        label=human(name) + (f" ({unit})" if unit and unit not in name else ""),
        kind="choice" if "enum" in core else core.get("type", "string"),
        group=details.get("group", "run"),
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
    specs: Sequence[FieldSpec], values: Mapping[str, Any], prefix: str, problems: Mapping[str, str]
) -> dict[str, Any]:
    """Draw the fields by group and return what they hold.

    Args:
        specs: fields to draw.
        values: what they start with.
        prefix: start of the widget keys; another prefix is another form, with a state of its own in the address.
        problems: messages by field name, shown under the field.
    """
    entered: dict[str, Any] = {}
    for group in dict.fromkeys(spec.group for spec in specs):
        st.subheader(GROUPS.get(group, group.capitalize()), anchor=False)
        members = [spec for spec in specs if spec.group == group]
        for start in range(0, len(members), COLUMNS):
            for column, spec in zip(st.columns(COLUMNS), members[start : start + COLUMNS], strict=False):
                with column:
                    entered[spec.name] = _widget(spec, values[spec.name], f"{prefix}.{spec.name}")
                    if spec.name in problems:
                        st.error(problems[spec.name])
    return entered


def _widget(spec: FieldSpec, value: Any, key: str) -> Any:
    common: dict[str, Any] = {"key": key, "help": spec.help, "bind": "query-params", "persist_state": "session"}
    if spec.kind == "boolean":
        return st.toggle(spec.label, value, **common)
    if spec.kind == "choice":
        return st.selectbox(spec.label, spec.options, spec.options.index(value), **common)
    if spec.kind in ("integer", "number"):
        return _number(spec, value, common)
    return st.text_input(spec.label, value or "", **common) or None


def _number(spec: FieldSpec, value: float | None, common: Mapping[str, Any]) -> float | int | None:
    kind = int if spec.kind == "integer" else float
    options: dict[str, Any] = {
        "min_value": None if spec.minimum is None else kind(spec.minimum),
        "max_value": None if spec.maximum is None else kind(spec.maximum),
        "value": None if value is None else kind(value),
        "step": kind(spec.multiple_of or _step(value, whole=kind is int)),
        "format": None if kind is int else "%g",
        "placeholder": "all" if spec.optional else None,
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
    try:
        model(**values)
    except ValidationError as error:
        return {str(e["loc"][0]) if e["loc"] else "": e["msg"].removeprefix("Value error, ") for e in error.errors()}
    return {}
