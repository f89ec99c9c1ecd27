"""Writing the features of an image method, as other people import them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import atomic_directory, canonical_json
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample
from aqa_bench.protocol.custody import Custodian
from aqa_bench.protocol.feature_folder import FeatureManifest, write_features
from aqa_bench.protocol.fitting import materialise, prepare_fit
from aqa_bench.protocol.plan import Request, ResolvedRun, resolve
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.looked import Embedded, embedded

__all__ = ["export_features"]


def export_features(
    request: Request, out: Path, *, device: str = "auto", progress: Progress | None = None
) -> FeatureManifest:
    """Write the features of every sample that the splits of a run name.

    They are those that the method's head sees before they are scaled, which the training samples of
    each split do.

    Args:
        request: Names dataset, tasks, method and recipe.
        out: Folder to write; it must not exist.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: Where to report.

    Returns:
        The manifest that was written.

    Raises:
        UsageError: ``out`` exists, the method is no image method, or it pre-trains anew for each of
            several splits, so that no features serve all of them.
        AqaBenchError: As a run's.
    """
    if out.exists():
        raise UsageError("The folder already exists.", where=out, expected="a new folder", found="something")
    resolved = resolve(request)
    card = resolved.plugin.card
    if not resolved.embeds:
        raise UsageError(
            f"Method {card.id!r} has no frame features to export.",
            expected="an image method",
            found=card.modality,
            remedy="To see which methods read images, run aqa-bench list methods.",
        )
    splits = [(task, split) for task in resolved.tasks for split in resolved.splits[task.id]]
    _check_one_pool(resolved)
    progress = progress or NullProgress()
    materialise(resolved, progress)
    task, split = splits[0]
    custodian = Custodian(resolved.dataset, task.id)
    given = prepare_fit(resolved, task, split, custodian, device, progress)
    named = _named(resolved)
    hand = Hand(resolved.plugin, resolved.told, progress=progress)
    found = embedded(hand, given, [custodian.seal(sample) for sample in named.values()])
    with atomic_directory(out) as folder:
        pairs = zip(named, found.features, strict=True)
        return write_features(folder, pairs, _document(resolved, found))


def _check_one_pool(resolved: ResolvedRun) -> None:
    """Refuse weights that would differ from split to split."""
    held_out = {
        frozenset((*split.val, *split.test)) for task in resolved.tasks for split in resolved.splits[task.id]
    }
    if resolved.plugin.card.uses_pool and resolved.foreign is None and len(held_out) > 1:
        raise UsageError(
            f"Method {resolved.plugin.card.id!r} pre-trains separately for each split, so one set "
            "of features cannot represent it.",
            where=f"{resolved.dataset.card.id}, scheme {resolved.scheme.id}",
            expected="one val and test part",
            found=f"{len(held_out)}",
            remedy="Choose one task and a scheme with one split (--task, --scheme).",
        )


def _named(resolved: ResolvedRun) -> dict[str, Sample]:
    """Every sample available that a split names."""
    named: dict[str, Sample] = {}
    for task in resolved.tasks:
        ids = {
            i for s in resolved.splits[task.id] for part in (s.train, s.val, s.test, s.leaked) for i in part
        }
        samples = resolved.dataset.samples(task.id)
        named |= {i: samples[i] for i in sorted(ids & samples.keys()) if i not in named}
    return named


def _document(resolved: ResolvedRun, found: Embedded) -> dict[str, Any]:
    card, document, weights = resolved.plugin.card, found.document, found.weights_sha256
    return {
        "extractor": f"{card.id} {resolved.recipe_name}, {document['backbone']}, weights {weights[:16]}",
        "licence": resolved.dataset.card.licence,
        "pretrained_on": found.pretrained_on,
        "dataset": resolved.dataset.card.id,
        "details": {
            "method": card.id,
            "method_version": card.version,
            "hyperparameters": resolved.recipe.model_dump(mode="json"),
            "seed": resolved.seed,
            "scheme": resolved.scheme.id,
            "weights_sha256": weights,
            "settings": canonical_json(document),
        },
    }
