"""Fitted methods that are dataclasses of plain values: kept as they are, and made again by name.

Numbers, texts, tuples, lists, mappings, arrays, fitted estimators of scikit-learn, and dataclasses of them.
A file names classes; which classes those may be is said by the code that reads it, never by the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.state import HasState, State

__all__ = ["plain_state", "rebuilt", "state_of"]

T = TypeVar("T")
_DEEPEST = 16


def state_of(predictor: object) -> State:
    """The state of what a fit returned: its own, or that of a plain dataclass.

    Raises:
        MethodError: It has none, and is no dataclass of plain values.
    """
    return predictor.state() if isinstance(predictor, HasState) else plain_state(predictor)


def plain_state(value: object) -> State:
    """The state of a dataclass of plain values.

    Args:
        value: The dataclass; recipes in it are left out, since a method has its own.

    Raises:
        MethodError: It holds something else.
    """
    if not is_dataclass(value):
        raise _unplain(value, "predictor")
    arrays: dict[str, npt.NDArray[Any]] = {}
    return State({"value": _taken(value, type(value).__name__, arrays)}, arrays)


def rebuilt(
    state: State, *kinds: type[T], parts: Sequence[type[Any]] = (), recipe: Recipe | None = None
) -> T:
    """The dataclass of :func:`plain_state`.

    Args:
        state: Its state.
        *kinds: The classes that it may be.
        parts: The classes that its parts may be.
        recipe: What stands where it held the method's recipe.

    Raises:
        DataError: The state is of something else.
    """
    known = {kind.__name__: kind for kind in (*kinds, *parts)}
    try:
        made = _made(state.fact("value"), state, known, recipe, 0)
        if not isinstance(made, kinds):
            raise ValueError(type(made).__name__)
        return made
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            "The state of a saved model does not belong to this method.",
            expected=" or ".join(kind.__name__ for kind in kinds),
            found=f"{type(error).__name__}: {str(error)[:200]}",
            remedy="Save the model again (aqa-bench run ... --save-model DIR).",
        ) from error


def _taken(value: object, place: str, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """A value as JSON; arrays go into ``arrays`` under the name of their place."""
    if value is None or isinstance(value, bool | int | float | str):
        # Subclasses, such as float64 and the members of enumerations, become what they are made of.
        return (
            value
            if value is None
            else next(t(value) for t in (bool, int, float, str) if isinstance(value, t))
        )
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    if isinstance(value, Recipe):
        return {"recipe": None}
    if isinstance(value, tuple | list):
        name = "tuple" if isinstance(value, tuple) else "list"
        return {name: [_taken(each, f"{place}.{i}", arrays) for i, each in enumerate(value)]}
    if isinstance(value, Mapping):
        pairs = enumerate(value.items())
        return {
            "mapping": [
                [_taken(k, f"{place}.{i}.key", arrays), _taken(v, f"{place}.{i}", arrays)]
                for i, (k, v) in pairs
            ]
        }
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: _taken(getattr(value, f.name), f"{place}.{f.name}", arrays) for f in fields(value)}
        return {"of": type(value).__name__, "fields": found}
    if type(value).__module__.startswith("sklearn."):
        from aqa_bench.core.estimators import fitted_parts

        return {"estimator": _taken(fitted_parts(value, place), place, arrays)}
    raise _unplain(value, place)


def _made(told: Any, state: State, kinds: Mapping[str, type[Any]], recipe: Recipe | None, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")

    def inner(value: Any) -> Any:
        return _made(value, state, kinds, recipe, depth + 1)

    match told:
        case None | bool() | int() | float() | str():
            return told
        case {"array": str(name)}:
            return state.array(name)
        case {"recipe": None}:
            return recipe
        case {"tuple": list(values)}:
            return tuple(map(inner, values))
        case {"list": list(values)}:
            return list(map(inner, values))
        case {"mapping": list(pairs)}:
            return {inner(key): inner(value) for key, value in pairs}
        case {"of": str(name), "fields": dict(values)}:
            kind = kinds[name]
            if {f.name for f in fields(kind)} != values.keys():
                raise ValueError(f"{name} of {', '.join(map(str, values))}")
            return kind(**{key: inner(value) for key, value in values.items()})
        case {"estimator": parts}:
            from aqa_bench.core.estimators import estimator_of

            return estimator_of(inner(parts))
    raise ValueError(f"{str(told)[:60]!r}")


def _unplain(value: object, place: str) -> MethodError:
    return MethodError(
        "The fitted method cannot be saved.",
        where=place,
        expected="plain values, arrays, scikit-learn estimators or dataclasses of these; or a method state()",
        found=type(value).__name__,
        remedy="Give the predictor a method state() (docs/adding-a-method.md).",
    )
