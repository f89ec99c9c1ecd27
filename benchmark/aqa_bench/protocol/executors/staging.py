"""Whether nodes that reach no network will find what jobs need: looked at before anything is submitted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.recipe import Recipe
from aqa_bench.protocol.executors.planning import needs_gpu
from aqa_bench.protocol.plan import Request, RunFolders

__all__ = ["check_staged"]

_OFFLINE = "AQA_BENCH_OFFLINE"
_SHOWN = 5


def check_staged(requests: Sequence[Request]) -> None:
    """Check that every request's dataset is prepared here and that its published weights are on this disk.

    Args:
        requests: What is to be run on nodes that see the same folders.

    Raises:
        UsageError: Something is missing; the first of it is named.
    """
    folders = RunFolders()
    missing: dict[str, None] = {}
    weights: dict[tuple[str, str, str], None] = {}
    for request in requests:
        try:
            folders(request)
            choice = folders.choice(request)
        except AqaBenchError as error:
            missing[_told(error)] = None
            continue
        if needs_gpu(choice.plugin.card) and (wanted := _weights(choice.plugin.card, choice.recipe)):
            weights[wanted] = None
    with _offline():
        for kind, backbone, name in weights:
            try:
                _build(kind, backbone, name)
            except AqaBenchError as error:
                missing[_told(error)] = None
    if missing:
        raise UsageError(
            "Nodes will not find all that jobs need; nothing was submitted.",
            expected="datasets that are prepared and weights that are on this disk",
            found="; ".join([*missing][:_SHOWN]) + (", and more" if len(missing) > _SHOWN else ""),
            remedy="Prepare the datasets, copy the weights, or leave those jobs out of the suite.",
        )


def _weights(card: MethodCard, recipe: Recipe) -> tuple[str, str, str] | None:
    backbone, name = getattr(recipe, "backbone", None), getattr(recipe, "weights", None)
    published = isinstance(backbone, str) and isinstance(name, str) and name != "random"
    return (str(card.modality), str(backbone), str(name)) if published else None


def _build(kind: str, backbone: str, weights: str) -> None:
    """Build a backbone with its weights, as a job will."""
    if kind == "video":
        from aqa_bench.learn.backbones.videos import build_video_backbone

        build_video_backbone(backbone, weights)
    else:
        from aqa_bench.learn.backbones.images import build_backbone

        build_backbone(backbone, weights)


@contextmanager
def _offline() -> Iterator[None]:
    before = os.environ.get(_OFFLINE)
    os.environ[_OFFLINE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OFFLINE]
        else:
            os.environ[_OFFLINE] = before


def _told(error: AqaBenchError) -> str:
    return f"{error.what} ({error.where})" if error.where else error.what
