"""While a method runs in a process, no dataset answers in it: not in threads, nor at import.

A method's worker says so once and never takes it back. This guards against mistakes and lazy code; what a
program can read from the disk by itself is the sandbox's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from aqa_bench.core.errors import MethodError

__all__ = ["enter_custody", "method_running", "refused_to_methods"]

P = ParamSpec("P")
T = TypeVar("T")

# Of the process, not of a context: a thread that a method starts has a context of its own.
_running: list[str] = []


def enter_custody(method: str) -> None:
    """Give this process to a method for good: what is :func:`refused_to_methods` raises from now on."""
    _running.append(method)


@contextmanager
def method_running(method: str) -> Iterator[None]:
    """Mark the block as code of a method: what is :func:`refused_to_methods` raises meanwhile."""
    enter_custody(method)
    try:
        yield
    finally:
        _running.remove(method)


def refused_to_methods(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function raise :class:`MethodError` while a method runs."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if _running:
            raise MethodError(
                f"Method {_running[-1]!r} asked for data that the runner holds in custody.",
                where=function.__qualname__,
                expected="a method that uses only the samples and targets it is given",
                found="a call that leads to test labels",
                remedy="Learn from the arguments of fit and score the arguments of predict.",
            )
        return function(*args, **kwargs)

    return guarded
