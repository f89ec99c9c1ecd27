"""The examination: packages, methods, renderers, speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.protocol.doctor.missing import missing_package
from aqa_bench.protocol.doctor.report import Report, installed
from aqa_bench.protocol.doctor.time_limit import Overdue, time_limit
from aqa_bench.protocol.doctor.trials import Trial, planned_trials, run_trials
from aqa_bench.protocol.environment import describe_environment, source_revision

__all__ = ["LIMIT_S", "examine"]

LIMIT_S: Final = 300.0
"""Seconds that an examination may take."""
_TRIAL_S: Final = 60.0
_FOR_SPEED_S: Final = 60.0
_SLOW_TO_IMPORT: Final = ("torch", "torchvision", "timm", "sklearn", "scipy", "pandas", "av")


def examine(
    device: str = "auto",
    *,
    quick: bool = False,
    limit_s: float = LIMIT_S,
    only: Callable[[str], bool] = lambda _: True,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Try what this machine can do; nothing is downloaded, and only temporary folders are written to.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        quick: Whether default recipes are all, and speed is left out.
        limit_s: Seconds for everything; methods that they leave no time for are not tried.
        only: Which methods are tried, by id.
        tell: Receives a line as soon as anything is known or begun.

    Raises:
        UsageError: There is no such device, or PyTorch is missing.
    """
    start = time.monotonic()

    def spent() -> float:
        return time.monotonic() - start

    tell("importing packages")
    _import_all()
    chosen, name = _device(device)
    report = Report(name, describe_environment(), source_revision(), installed())
    absent = [package for package, found in report.versions.items() if found is None]
    tell(f"imported in {spent():.1f} s; missing: {', '.join(absent) or 'nothing'}; device: {name}")
    planned = [(plugin, recipe) for plugin, recipe in planned_trials(quick=quick) if only(plugin.card.id)]
    tell(f"methods: {len(planned)} pairs of method and recipe, at most {_TRIAL_S:.0f} s each")
    for_trials = limit_s - (0 if quick else min(_FOR_SPEED_S, limit_s / 3))
    trials = run_trials(planned, chosen, limit_s=_TRIAL_S, deadline=lambda: for_trials - spent())
    for number, trial in enumerate(trials, 1):
        report.trials.append(trial)
        tell(f"{number}/{len(planned)} {_line(trial)}")
    tell("renderer: one clip on the CPU and on the device")
    for result in _renderers(chosen, limit_s - spent()):
        report.renderer.append(result)
        tell(f"renderer {_figures(result)}")
    if not quick:
        for title, stage in _speed_stages(chosen).items():
            tell(f"speed: {title}")
            report.speed[title] = _figures_of(stage, limit_s - spent())
            tell(f"speed, {title}: {_figures(report.speed[title])}")
    report.seconds = spent()
    tell(f"done in {report.seconds:.0f} s")
    return report


def _import_all() -> None:
    for name in _SLOW_TO_IMPORT:
        try:
            import_module(name)
        except (ImportError, OSError, RuntimeError):
            # What needs it says so; a package that is installed but broken fails there with its own words.
            continue


def _device(name: str) -> tuple[str, str]:
    """The device as methods are told it, and in words."""
    try:
        from aqa_bench.learn.training.device import device_name, resolve_device
    except ModuleNotFoundError as error:
        raise UsageError(
            "The doctor needs PyTorch.", found=str(error), remedy='pip install "aqa-bench[train]"'
        ) from error
    device = resolve_device(name)
    return str(device), device_name(device)


def _renderers(device: str, limit_s: float) -> Iterator[dict[str, Any]]:
    from aqa_bench.protocol.doctor.renderer import compared_renderers

    results: list[dict[str, Any]] = []
    failed = _guarded(lambda: results.extend(compared_renderers(device)), limit_s)
    yield from results
    if failed is not None:
        yield {"family": "unknown", "ok": "needs" in failed, **failed}


def _speed_stages(device: str) -> dict[str, Callable[[], dict[str, Any]]]:
    import torch

    from aqa_bench.protocol.doctor import speed

    on = torch.device(device)
    return {
        "pre-training": lambda: speed.pretraining_speed(on),
        "fine-tuning": lambda: speed.finetuning_speed(on),
    }


def _figures_of(stage: Callable[[], dict[str, Any]], limit_s: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    failed = _guarded(lambda: figures.update(stage()), limit_s)
    return failed or figures


def _guarded(work: Callable[[], object], limit_s: float) -> dict[str, Any] | None:
    """What kept the work from being done, or None."""
    limit_s = max(limit_s, 5.0)
    try:
        with time_limit(limit_s):
            work()
    except Overdue:
        return {"untried": f"stopped after {limit_s:.0f} s"}
    except Exception as error:
        # Whatever is wrong with one stage, the others are of use.
        package = missing_package(error)
        if package is not None:
            return {"needs": package}
        said = error.what if isinstance(error, AqaBenchError) else str(error)
        return {"error": f"{type(error).__name__}: {said}"}
    return None


def _line(trial: Trial) -> str:
    state = {True: "ok", False: "FAILED", None: "-"}[trial.ok]
    parts = [f"{trial.method} {trial.recipe}:", state, f"{trial.seconds:.1f} s", trial.error or ""]
    return " ".join(part for part in parts if part)


def _figures(result: dict[str, Any]) -> str:
    flat: dict[str, Any] = {}
    for name, value in result.items():
        if isinstance(value, dict):
            flat |= {f"{name} {key}": f"{v['ms']} ms ({v['ratio']} x bare)" for key, v in value.items()}
        else:
            flat[name] = value
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in flat.items())
