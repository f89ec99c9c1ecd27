"""Errors as text: how a worker says what went wrong, and what the runner makes of it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from aqa_bench.core.blame import plugin_place
from aqa_bench.core.errors import AqaBenchError, DataError, MethodError, RecipeError, UsageError
from aqa_bench.core.extras import missing_extra

__all__ = ["ended", "failure", "raised", "shown", "strange"]

_KINDS: Mapping[str, type[AqaBenchError]] = {
    kind.__name__: kind for kind in (AqaBenchError, DataError, MethodError, RecipeError, UsageError)
}
# What media raise beside errors of ours, and methods catch.
_PLAIN: Mapping[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (IndexError, KeyError, NotImplementedError, OSError, FileNotFoundError, TypeError, ValueError)
}
_FIELDS = ("where", "expected", "found", "remedy")
_MOST = 4000
_MOST_TRACE = 200_000


def failure(error: BaseException) -> dict[str, Any]:
    """An error as plain JSON."""
    document: dict[str, Any] = {"kind": type(error).__name__, "what": str(error)[:_MOST]}
    if (place := plugin_place(error)) is not None:
        document["place"] = place
    trace = "".join(traceback.format_exception(error))
    error = missing_extra(error) or error
    if isinstance(error, AqaBenchError):
        named = next(k.__name__ for k in type(error).__mro__ if k.__name__ in _KINDS)
        document |= {"kind": named, "what": error.what} | {name: getattr(error, name) for name in _FIELDS}
    return document | {"trace": trace[-_MOST_TRACE:]}


def raised(document: Mapping[str, Any]) -> Exception:
    """The error that a document of :func:`failure` tells of; its traceback is a note, for ``--debug``."""
    kind, what = str(document.get("kind")), _line(document.get("what")) or "No reason was given."
    error: Exception
    if kind in _KINDS:
        error = _KINDS[kind](what, **{name: _line(document.get(name)) for name in _FIELDS})
    else:
        error = _PLAIN.get(kind, RuntimeError)(what)
    if isinstance(document.get("trace"), str):
        error.add_note("In the other process:\n" + shown(document["trace"], _MOST_TRACE))
    return error


def ended(method: str, where: str, how: str) -> MethodError:
    """The error of a worker that is gone without an answer."""
    return MethodError(
        f"Method {method!r} ended its process without an answer.",
        where=where,
        expected="scores",
        found=how,
        remedy="Correct the method, or provide more memory; finished splits are kept.",
    )


def strange(method: str, where: str, what: str) -> MethodError:
    """The error of a worker whose answer is none."""
    return MethodError(
        f"Method {method!r} sent an invalid reply.",
        where=where,
        expected="numbers and plain JSON",
        found=what,
        remedy="Correct the method: only the worker's own code talks to the runner.",
    )


def _line(value: object) -> str | None:
    return None if value is None else shown(value, _MOST)


def shown(value: object, most: int) -> str:
    """A stranger's text, cut, as it may be shown: without what moves a terminal's cursor or colours it."""
    text = value if isinstance(value, str) else repr(value)
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text[:most])
