"""Prepare and open one release of dives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import Progress
from aqa_bench.core.restricted_pickle import read_pickle
from aqa_bench.media.dives.annotations import Dive, parse_annotations, parse_split
from aqa_bench.media.dives.dataset import DiveDataset
from aqa_bench.media.dives.extraction import extract_frames
from aqa_bench.media.dives.index import DiveIndex, read_index, write_index
from aqa_bench.media.dives.locate import locate
from aqa_bench.media.dives.release import Release

__all__ = ["DiveFamily"]

_ANNOTATIONS = (
    "final_annotations_dict.pkl",
    "final_annotations_dict_with_dive_number.pkl",
    "augmented_final_annotations_dict.pkl",
)
_FRAMES = "frames"
_OPTIONS = ("extract", "height", "missing")
_HEIGHT = 256
_SHOWN = 10


class DiveFamily:
    """Opens and prepares one release.

    Args:
        release: What the release is.
    """

    def __init__(self, release: Release) -> None:
        self.release = release

    def open(self, dataset: str, home: Path) -> Dataset:
        """Open the release from the index in ``home``.

        Raises:
            DataError: It has not been prepared, or the index is damaged.
        """
        return DiveDataset(self.release, read_index(dataset, home))

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Index annotations and footage where they lie, and cut frames out of videos if asked to.

        Args:
            dataset: Not used: the family has one dataset.
            sources: The release, and folders with frames or videos. By default those of the last time.
            home: The family's data folder; receives ``index.json``, and ``frames`` if extracted.
            options: ``extract=frames`` writes the windows of videos as JPEG images, ``height=N`` or
                ``height=native`` sets their height (256 by default); ``missing=leave-out`` makes a data set
                of the dives that have frames.
            progress: Where to report.

        Returns:
            Sentences that say what is available.

        Raises:
            UsageError: An option is not known, or no source was given.
            DataError: There are no annotations; or something found cannot be used, while what can be used
                has been indexed.
        """
        height = _checked(options)
        places = tuple(source.expanduser().resolve() for source in sources) or self._earlier(home)
        for place in places:
            if not place.is_dir():
                raise DataError(
                    "A source cannot be used.",
                    where=place,
                    expected="a folder",
                    found="a file" if place.exists() else "no such path",
                    remedy="Correct the path given with --source.",
                )
        index = self._annotations(places)
        located = locate(index.dives, (home, *places), progress)
        if options.get("extract") == "frames":
            located.footage |= extract_frames(located.footage, home / _FRAMES, height, progress)
        index = index.model_copy(
            update={
                "footage": {name: located.footage[name] for name in index.dives if name in located.footage},
                "leave_out": options.get("missing") == "leave-out",
                "problems": (*index.problems, *located.problems),
            }
        )
        written = write_index(index, home)
        sentences = self._report(index, written)
        if index.problems:
            raise DataError(
                f"{len(index.problems)} item(s) cannot be used; the others are ready.",
                where="; ".join(map(str, places)),
                expected="annotations, splits and frames as published",
                found="".join(f"\n    {text}" for text in (*_listed(index.problems), *sentences)),
                remedy="Fix these items and prepare again.",
            )
        return sentences

    def _earlier(self, home: Path) -> tuple[Path, ...]:
        try:
            return read_index(self.release.card.id, home).sources
        except DataError:
            raise UsageError(
                "No folder of the release was given.",
                expected="--source PATH, one or more times",
                found="no source",
            ) from None

    def _annotations(self, sources: Sequence[Path]) -> DiveIndex:
        release = self.release
        for folder in (folder for source in sources for folder in release.candidates(source)):
            train, test = folder / release.train, folder / release.test
            found = [folder / name for name in _ANNOTATIONS if (folder / name).is_file()]
            if found and train.is_file() and test.is_file():
                dives, problems, judged = parse_annotations(read_pickle(found[0]), found[0].name)
                return _assembled(sources, dives, problems, judged, train, test)
        raise DataError(
            f"There are no annotations of {release.card.id}.",
            where="; ".join(map(str, sources)),
            expected=f"{_ANNOTATIONS[0]}, {release.train} and {release.test} in a folder {release.folder}",
            found="none of these",
            remedy=f"Clone the release ({release.card.source}) and pass its folder with --source.",
        )

    def _report(self, index: DiveIndex, written: Path) -> list[str]:
        sentences = [
            f"{len(index.train):,} train and {len(index.test):,} test dives are indexed in {written}.",
            f"Frames of {len(index.footage):,} of {len(index.dives):,} dives are available.",
        ]
        videos = sum(footage.kind == "video" for footage in index.footage.values())
        if videos:
            sentences.append(
                f"{videos:,} dives are decoded from the start of their videos, which is slow. To extract "
                f"them once, add --option extract=frames."
            )
        if not index.footage:
            sentences.append(f"Methods that need only annotations can run. {self.release.remedy}")
        return sentences


def _checked(options: Mapping[str, str]) -> int | None:
    height = options.get("height", str(_HEIGHT))
    fits = (
        options.get("extract", "frames") == "frames"
        and options.get("missing", "leave-out") == "leave-out"
        and (height == "native" or (height.isascii() and height.isdigit() and int(height) >= 2))
    )
    if not fits or set(options) - set(_OPTIONS):
        raise UsageError(
            "The dataset has no such option.",
            expected="extract=frames, height=PIXELS or height=native, missing=leave-out",
            found=", ".join(f"{key}={value}" for key, value in options.items()),
        )
    return None if height == "native" else int(height)


def _assembled(
    sources: Sequence[Path],
    dives: Mapping[str, Dive],
    problems: list[str],
    judged: int,
    train_file: Path,
    test_file: Path,
) -> DiveIndex:
    train, odd_train = parse_split(read_pickle(train_file), train_file.name)
    test, odd_test = parse_split(read_pickle(test_file), test_file.name)
    problems = [*problems, *odd_train, *odd_test]
    both = set(train) & set(test)
    problems += [
        f"{name}: expected in train or test, found in both; it is kept in test" for name in sorted(both)
    ]
    for file, ids in ((train_file.name, train), (test_file.name, test)):
        problems += [f"{file}: {name} has no usable annotation" for name in ids if name not in dives]
    usable_train = tuple(name for name in train if name in dives and name not in both)
    usable_test = tuple(name for name in test if name in dives)
    if not usable_train or not usable_test:
        raise DataError(
            "The split files and the annotations do not match.",
            where=train_file.parent,
            expected="annotations of the dives that the split files name",
            found=f"{len(usable_train)} train and {len(usable_test)} test dives",
            remedy="Take all files from one folder of the release.",
        )
    named = (*usable_train, *usable_test)
    return DiveIndex(
        sources=tuple(sources),
        dives={name: dives[name] for name in named},
        train=usable_train,
        test=usable_test,
        named=len({*train, *test}),
        unnamed=len(dives) - len(named),
        judged=judged,
        problems=tuple(problems),
    )


def _listed(problems: Sequence[str]) -> list[str]:
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], *([f"and {more} more (aqa-bench dataset verify)"] if more > 0 else [])]
