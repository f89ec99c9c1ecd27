"""While a method runs, datasets answer nobody but the runner.

This guards against mistakes and lazy code, not against a program that reads the disk by itself:
whoever runs foreign code reads it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from aqa_bench.core.errors import MethodError

__all__ = ["method_running", "refused_to_methods"]

P = ParamSpec("P")
T = TypeVar("T")

_running: ContextVar[str | None] = ContextVar("aqa_bench_running_method", default=None)


@contextmanager
def method_running(method: str) -> Iterator[None]:
    """Mark the block as code of a method: what is :func:`refused_to_methods` raises inside it."""
    token = _running.set(method)
    try:
        yield
    finally:
        _running.reset(token)


def refused_to_methods(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function raise :class:`MethodError` while a method runs."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        method = _running.get()
        if method is not None:
            raise MethodError(
                f"Method {method!r} asked for data that the runner holds in custody.",
                where=function.__qualname__,
                expected="a method that uses only the samples and targets it is given",
                found="a call that leads to test labels",
                remedy="Learn from the arguments of fit and score the arguments of predict.",
            )
        return function(*args, **kwargs)

    return guarded
