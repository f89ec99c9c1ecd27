"""Split schemes of Pose Trainer. They name the release's clips, whether or not all are available."""

from __future__ import annotations

from collections.abc import Mapping

from aqa_bench.core.schemes import (
    FOLDS,
    ONE_CLASS,
    ONE_CLASS_CLEAN,
    ONE_CLASS_LEAKY,
    folds,
    one_class,
    one_class_clean,
    one_class_leaky,
)
from aqa_bench.core.split import Split

__all__ = ["NOTEBOOK", "ONE_CLASS_PUBLISHED", "make_splits", "notebook", "one_class_published"]

NOTEBOOK = "notebook"
ONE_CLASS_PUBLISHED = "one-class-published"


def make_splits(
    scheme: str, dataset: str, targets: Mapping[str, float], recordings: Mapping[str, str]
) -> tuple[Split, ...]:
    """The splits of a scheme; all but the two published ones keep recordings whole.

    Args:
        scheme: Id of a scheme of the card.
        dataset: Dataset id: names the seeds.
        targets: Target by sample id, in the release's order.
        recordings: Recording by sample id.
    """
    if scheme == NOTEBOOK:
        return notebook(targets)
    if scheme == ONE_CLASS_PUBLISHED:
        return one_class_published(dataset, targets)
    rules = {
        FOLDS: folds,
        ONE_CLASS: one_class,
        ONE_CLASS_CLEAN: one_class_clean,
        ONE_CLASS_LEAKY: one_class_leaky,
    }
    return next(rule for known, rule in rules.items() if known.id == scheme)(dataset, targets, recordings)


def notebook(targets: Mapping[str, float]) -> tuple[Split, ...]:
    """The split behind the tables that the repository's notebooks print.

    They list the files in natural order (bad before good, then by number) and hand them to
    scikit-learn's ``train_test_split`` with ``test_size=0.4, random_state=42``. Both parts are
    given here in natural order.

    Args:
        targets: Target by sample id, in natural order.
    """
    # scikit-learn takes a second to import, and the other schemes do without it.
    from sklearn.model_selection import train_test_split

    _, drawn = train_test_split(list(targets), test_size=0.4, random_state=42)
    test = frozenset(drawn)
    return (
        Split(
            0,
            0,
            train=tuple(sample for sample in targets if sample not in test),
            val=(),
            test=tuple(sample for sample in targets if sample in test),
        ),
    )


def one_class_published(dataset: str, targets: Mapping[str, float]) -> tuple[Split, ...]:
    """The split of *Human Skeleton Anomaly Detection in Fitness Pose* (NTHU), clip by clip.

    One third of the good clips and all bad ones are tested, the other good clips are trained on, and the
    method sees every label, since the page tunes its network on the whole dataset first. Of 19 good
    clips 12 are trained on and 7 tested, with all 17 bad ones. Recordings play no part.

    Args:
        dataset: Dataset id: names the seed.
        targets: Target by sample id, in the release's order.

    Returns:
        20 splits without val, whose ``leaked`` names every sample. The page tells of one split.
    """
    return one_class_leaky(dataset, targets, {sample: sample for sample in targets})
