"""From what a request says of keypoints to an opened folder, and a dataset that has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.split import Split
from aqa_bench.core.task import Modality
from aqa_bench.media.pose.people import People
from aqa_bench.protocol.keypoints.dataset import KeypointDataset
from aqa_bench.protocol.keypoints.folder import KeypointFolder

__all__ = ["bind_keypoints", "open_keypoints", "posed"]


def open_keypoints(folder: str | None, people: str | None) -> KeypointFolder:
    """Open a folder of poses.

    Args:
        folder: Its path.
        people: Who is taken of several people; None for what the manifest says.

    Raises:
        UsageError: No folder is named, or there is no such rule.
        DataError: As :class:`KeypointFolder`.
    """
    if folder is None:
        raise UsageError(
            "No keypoints were given.",
            where="--people" if people else "--task",
            expected="--keypoints DIR with it",
            found=people,
        )
    if people is not None and people not in set(People):
        expected = " or ".join(People)
        raise UsageError("This rule does not exist.", where="--people", expected=expected, found=people)
    return KeypointFolder(Path(folder).expanduser(), None if people is None else People(people))


def bind_keypoints(
    method: MethodCard,
    folder: str | None,
    people: str | None,
    open_folder: Callable[[str | None, str | None], KeypointFolder] = open_keypoints,
) -> KeypointFolder | None:
    """Open the poses that a request names.

    Args:
        method: Card of the method that shall look at them.
        folder: Path of the folder, or None.
        people: Who is taken of several people, or None.
        open_folder: Opens a folder.

    Returns:
        The folder; None where none is named.

    Raises:
        UsageError: The method looks at features alone, or a rule is named without a folder.
        DataError: As :class:`KeypointFolder`.
    """
    if folder is None and people is None:
        return None
    if Modality.FEATURES in method.needs:
        raise UsageError(
            f"Method {method.id!r} reads only features.",
            where="--keypoints",
            expected="a method that reads poses",
            found=method.id,
            remedy="To see what each method needs, run aqa-bench list methods.",
        )
    return open_folder(folder, people)


def posed(dataset: Dataset, folder: KeypointFolder, splits: Mapping[str, Sequence[Split]]) -> KeypointDataset:
    """A dataset with poses from files, of every sample available that the splits of some tasks name.

    Raises:
        DataError: Some have none, or as :class:`KeypointDataset`.
    """
    dataset_with = KeypointDataset(dataset, folder)
    for task, parts in splits.items():
        dataset_with.check_coverage(task, parts)
    return dataset_with
