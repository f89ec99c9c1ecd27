"""Prepare and open the datasets of a release, or of anything written in its layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aqa_bench.core.dataset import not_prepared
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import Progress

from .adapter import FitnessAQA
from .build import build_indexes
from .cards import CARDS
from .coverage import blocked, coverage_rows, coverage_table
from .index import Index, read_index, write_index
from .layout import EXERCISES
from .problems import summarise
from .published import PUBLISHED, Published

__all__ = ["FAMILY", "FitnessAQAFamily"]


class FitnessAQAFamily:
    """Reader of one family of datasets that come in the release's layout.

    Args:
        cards: Cards of its ids; the second part of an id is the exercise.
        published: Published sizes by exercise, empty where there are none.
    """

    dataset_type: type[FitnessAQA] = FitnessAQA

    def __init__(
        self, cards: Sequence[DatasetCard], published: Mapping[str, Published] | None = None
    ) -> None:
        self.cards = {card.id: card for card in cards}
        self.published = published or {}

    def index_path(self, exercise: str, home: Path) -> Path:
        """File of an exercise's index."""
        return home / f"{exercise}.index.json.gz"

    def open(self, dataset: str, home: Path) -> FitnessAQA:
        """Open a dataset id on its index.

        Raises:
            DataError: It has not been prepared, or its index is damaged.
        """
        exercise = dataset.partition("/")[2]
        try:
            index = read_index(self.index_path(exercise, home))
        except FileNotFoundError:
            raise not_prepared(dataset, home, "an index of the release") from None
        return self.dataset_type(self.cards[dataset], index, self.published.get(exercise))

    def prepare(
        self,
        dataset: str | None,
        sources: Sequence[Path],
        home: Path,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Sequence[str]:
        """Index the release where it lies. Media are never copied; what is good is kept in any case.

        Args:
            dataset: Dataset id, or None for every exercise found.
            sources: Folders or zip archives that overlay each other. By default those of the last time.
            home: The family's data folder, made when missing.
            options: None are known.
            progress: Where to report.

        Returns:
            A coverage table for each exercise and what is wrong, as lines.

        Raises:
            DataError: A source does not exist, nothing of the release is there, or a task cannot be run.
            UsageError: No sources were given, or an option is not known.
        """
        if options:
            raise UsageError("The dataset has no such option.", expected="none", found=", ".join(options))
        exercises = [e for e in EXERCISES if dataset is None or dataset.partition("/")[2] == e]
        earlier = self._earlier(exercises, home)
        if not sources:
            sources = tuple(dict.fromkeys(Path(path) for index in earlier.values() for path in index.sources))
        if not sources:
            raise UsageError(
                "No folder of the release was given.",
                expected="--source PATH, one or more times",
                found="no source",
            )
        indexes = build_indexes(sources, progress, earlier.values(), exercises)
        if not indexes:
            raise self._nothing(dataset, sources)
        for exercise, index in indexes.items():
            write_index(index, self.index_path(exercise, home))
        return self.report(indexes)

    def report(self, indexes: Mapping[str, Index]) -> Sequence[str]:
        """Say what is available.

        Args:
            indexes: By exercise.

        Returns:
            Coverage tables and problems, as lines.

        Raises:
            DataError: A task cannot be run; the lines are part of the error.
        """
        lines: list[str] = []
        hopeless: list[str] = []
        for exercise, index in indexes.items():
            lines.extend((f"{exercise}:", *coverage_table(coverage_rows(index))))
            for task in EXERCISES[exercise].tasks:
                reason = blocked(index, task)
                if reason is not None:
                    hopeless.append(f"{exercise} {task.task}: {reason}")
        problems = dict.fromkeys(problem for index in indexes.values() for problem in index.problems)
        lines.extend(summarise(problems))
        if hopeless:
            raise DataError(
                f"{len(hopeless)} task(s) cannot be run; the others are ready.",
                where="; ".join(indexes[exercise].sources[0] for exercise in list(indexes)[:1]),
                expected="labels, splits and media of every task",
                found="\n".join((*hopeless, *lines)),
                remedy="Add another --source with the folder that holds the missing files.",
            )
        return lines

    def _earlier(self, exercises: Sequence[str], home: Path) -> dict[str, Index]:
        earlier: dict[str, Index] = {}
        for exercise in exercises:
            try:
                earlier[exercise] = read_index(self.index_path(exercise, home))
            except (FileNotFoundError, DataError):
                continue
        return earlier

    def _nothing(self, dataset: str | None, sources: Sequence[Path]) -> DataError:
        return DataError(
            f"No files of {dataset or 'the release'} were found.",
            where="; ".join(map(str, sources)),
            expected="folders Squat, OHP or BarbellRow that contain Labeled_Dataset, extracted or as zip "
            "files",
            found="none of these",
            remedy="Point --source to the folder where you saved or unpacked the download.",
        )


FAMILY = FitnessAQAFamily(CARDS, PUBLISHED)
