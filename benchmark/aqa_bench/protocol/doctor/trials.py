"""Every method and recipe, fitted on a dozen drawn samples."""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import AqaBenchError, MethodError, RecipeError
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import methods
from aqa_bench.core.seeds import fit_seed
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.doctor.missing import missing_package
from aqa_bench.protocol.doctor.small import cut_down
from aqa_bench.protocol.doctor.subjects import Subject, subjects
from aqa_bench.protocol.doctor.time_limit import Overdue, time_limit
from aqa_bench.protocol.fitting import method_at_work

__all__ = ["Trial", "planned_trials", "run_trials"]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a method and recipe did.

    Attributes:
        method: Method id.
        recipe: Name of the recipe.
        ok: Whether fitting and predicting went well; None where it could not be tried.
        seconds: How long it took.
        error: Type and message of what went wrong, or why it was not tried.
        needs: Package that is missing, or None.
        on: What it was tried on.
    """

    method: str
    recipe: str
    ok: bool | None
    seconds: float
    error: str | None = None
    needs: str | None = None
    on: tuple[str, ...] = ()


def planned_trials(*, quick: bool = False) -> list[tuple[MethodPlugin, str]]:
    """Every installed method with each of its recipes, default recipes first.

    Args:
        quick: Whether default recipes are all.
    """
    plugins = list(methods().values())
    first = [(plugin, plugin.default_recipe) for plugin in plugins]
    others = [(p, name) for p in plugins for name in _recipes(p.folder) if name != p.default_recipe]
    return first if quick else [*first, *others]


def _recipes(folder: Path) -> list[str]:
    try:
        return recipe_names(folder)
    except RecipeError:
        # The trial of the default recipe says what is wrong with the file.
        return []


def run_trials(
    planned: Sequence[tuple[MethodPlugin, str]],
    device: str,
    *,
    limit_s: float = 60.0,
    deadline: Callable[[], float] = lambda: float("inf"),
) -> Iterator[Trial]:
    """Try methods one after the other, each with a cold cache of its own; none stops the others.

    Args:
        planned: From :func:`planned_trials`.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        limit_s: Seconds after which a trial is stopped and has failed.
        deadline: Seconds that are left for all of them; those that it leaves no time for are not tried.

    Yields:
        A result as soon as it is known.
    """
    for plugin, name in planned:
        left = deadline()
        if left <= 0:
            yield Trial(plugin.card.id, name, None, 0.0, "not tried: out of time")
        else:
            yield _tried(plugin, name, device, min(limit_s, max(left, 1.0)))


def _tried(plugin: MethodPlugin, name: str, device: str, limit_s: float) -> Trial:
    start = time.perf_counter()
    method = plugin.card.id
    told: list[str] = []

    def result(ok: bool | None, error: str | None = None, needs: str | None = None) -> Trial:
        return Trial(method, name, ok, round(time.perf_counter() - start, 2), error, needs, tuple(told))

    try:
        with _quiet(), time_limit(limit_s), tempfile.TemporaryDirectory(prefix="aqa-bench-doctor-") as cache:
            # In this process: the doctor's data are drawn by itself, and it holds no label that counts.
            kind = plugin.load()
            recipe = cut_down(
                load_recipe(plugin.folder, kind.recipe_type(), name),
                where=f"{method}, recipe {name}",
                side=32 if device == "cpu" else 64,
                own_networks=device != "cpu",
            )
            chosen = subjects(plugin.card, recipe)
            if not chosen:
                return result(None, "not tried: the doctor has no suitable data")
            fitted = kind(recipe)
            for subject in chosen:
                told.append(subject.name)
                _fit(plugin, fitted, name, subject, device, Path(cache))
    except Overdue:
        return result(False, f"Too slow: stopped after {limit_s:.0f} s")
    except Exception as error:
        # A method is foreign code and may raise anything; the next one is tried all the same.
        package = missing_package(error)
        if package is not None:
            return result(None, f"needs {package}", package)
        return result(False, _said(error))
    return result(True)


def _fit(
    plugin: MethodPlugin, method: Method[Any], recipe: str, subject: Subject, device: str, cache: Path
) -> None:
    card = plugin.card
    ctx = FitContext(
        dataset=subject.name,
        task=subject.task,
        split="test",
        seed=fit_seed(subject.name, card.id, 0, "test"),
        device=device,
        cache=cache,
        method=card.id,
        leaked=subject.leaked,
    )
    pool = subject.pool if card.uses_pool else ()
    with method_at_work(card.id, f"{subject.name}, recipe {recipe}"):
        predictor = method.fit(subject.train, subject.val, pool, ctx)
        raw = predictor.predict(subject.test)
        ctx.report.document()
    checked_scores(raw, len(subject.test), subject.task.kind, card.id, subject.name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that networks trained for two steps give."""
    log = logging.getLogger("aqa_bench")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _said(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, MethodError) and error.__cause__ else error
    if isinstance(cause, AqaBenchError):
        parts = [cause.what, *(part for part in (cause.expected, cause.found) if part)]
        return f"{type(cause).__name__}: {' | '.join(parts)}"
    return f"{type(cause).__name__}: {cause}"
