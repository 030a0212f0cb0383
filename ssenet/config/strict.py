"""What pydantic's leniency lets through: texts and truth values that stand for numbers, and the other way round."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Annotated, Literal, get_args, get_origin

from pydantic_core import PydanticCustomError

_PLAIN: tuple[type, ...] = (bool, int, float, str)
_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


@cache
def plain_types(annotation: Hashable) -> frozenset[type]:
    """The plain types in an annotation, those inside of tuples and unions too."""
    if annotation in _PLAIN:
        return frozenset({annotation})
    if annotation in (None, type(None), ...):
        return frozenset()
    if get_origin(annotation) is Literal:
        return frozenset(type(choice) for choice in get_args(annotation))
    if get_origin(annotation) is Annotated:
        return plain_types(get_args(annotation)[0])
    return frozenset().union(*(plain_types(part) for part in get_args(annotation)))


def check_type(value: object, types: frozenset[type]) -> None:
    """Check that a value, or each in a list, is of one of ``types``, where they are known.

    Raises:
        PydanticCustomError: it is a plain value of another type.
    """
    if isinstance(value, list | tuple):
        for part in value:
            check_type(part, types)
    elif types and isinstance(value, _PLAIN) and not _fits(value, types):
        raise PydanticCustomError("type", "Input should be {wanted}", {"wanted": _wanted(types)})


def _fits(value: object, types: frozenset[type]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, int | float):
        return bool(types & {int, float})
    return str in types


def _wanted(types: frozenset[type]) -> str:
    return " or ".join(name for kind, name in _NAMES.items() if kind in types)
