"""Answers that pages keep, each for the person who may see it. No other cache stands in the pages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from frontend.access.visitor import owner

P = ParamSpec("P")
T = TypeVar("T")
_WHOSE = inspect.Parameter("whose", inspect.Parameter.POSITIONAL_ONLY)


def kept(*, show_spinner: bool | str = False, **how: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """``st.cache_data``, with the service and its visitor in every key: nobody is given what another one asked for.

    Args:
        show_spinner: words while it takes long.
        how: ``ttl``, ``max_entries``, ``max_size`` of ``st.cache_data``; they bound what is kept for all together.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)  # the cache tells functions apart by name and source
        def asked_for(_whose: str, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return function(*args, **kwargs)

        parameters = [_WHOSE, *inspect.signature(function).parameters.values()]
        vars(asked_for)["__signature__"] = inspect.Signature(parameters)
        cached: Callable[..., T] = st.cache_data(show_spinner=show_spinner, **how)(asked_for)

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return cached(owner(), *args, **kwargs)

        return asked

    return decorate
