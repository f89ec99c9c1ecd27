"""Own datasets, ``local/NAME``: what a person asks for, and the card that is kept beside the data."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aqa_bench.core.bounded import DOCUMENT_BYTES
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.paths import data_home
from aqa_bench.core.sealed import Damaged, sealed_read_json, sealed_write_json

__all__ = ["OWN", "OwnTable", "is_own", "own_card", "own_cards", "own_file", "read_own", "write_own"]

logger = logging.getLogger(__name__)

OWN = "local"
"""Family of own datasets."""

_FILE, _KIND, _VERSION = "dataset.json", "own-dataset", 1
_AGAIN = "Add the dataset again: aqa-bench dataset add NAME --replace --table CSV --media DIR"


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A dataset that a person has as a table and a folder of media.

    Attributes:
        name: Its name; its id is ``local/NAME``.
        table: CSV file with a row for each clip.
        media: Folder that the files of the table lie in.
        labels: Columns of 0 and 1, or of numbers.
        scores: Columns whose numbers are scores, whatever they are.
        group: Column that says what must not straddle splits; by default ``group``, where there is one.
        split: Column of train, val and test; by default ``split``, where there is one.
        layout: Name of the joint order of the keypoints, or a CSV file that maps their joints to ours.
        people: Who is taken of several people, ``nearest`` or ``largest``.
        dimensions: 2 or 3; None where the files tell.
        replace: Whether a dataset of that name gives way.
    """

    name: str
    table: Path
    media: Path
    labels: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    group: str | None = None
    split: str | None = None
    layout: str | None = None
    people: str | None = None
    dimensions: int | None = None
    replace: bool = False


def is_own(dataset: str) -> bool:
    """Whether a dataset id is that of own data.

    >>> is_own("local/squats"), is_own("pose-trainer/bicep-curl")
    (True, False)
    """
    return dataset.partition("/")[0] == OWN


def own_file(home: Path, name: str) -> Path:
    """Where a dataset of that name is kept, in the family's data folder."""
    return home / name / _FILE


def write_own(file: Path, document: Mapping[str, Any]) -> Path:
    """Keep a dataset: ``card``, as :class:`DatasetCard` writes it, and whatever its reader needs besides.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    return sealed_write_json(file, _KIND, _VERSION, dict(document))


def read_own(file: Path) -> dict[str, Any]:
    """What :func:`write_own` wrote.

    Raises:
        Damaged: It is missing or damaged.
    """
    document: dict[str, Any] = sealed_read_json(
        file,
        _KIND,
        _VERSION,
        limit=4 * DOCUMENT_BYTES,
        remedy=_AGAIN,
    )
    return document


def own_card(dataset: str) -> DatasetCard | None:
    """Card of an own dataset; None where there is none of that id.

    Raises:
        Damaged: What is kept of it is damaged.
    """
    file = own_file(data_home() / OWN, dataset.removeprefix(f"{OWN}/"))
    return _card(file) if is_own(dataset) and file.exists() else None


def _card(file: Path) -> DatasetCard:
    try:
        return DatasetCard.model_validate(read_own(file)["card"])
    except (KeyError, ValidationError) as error:
        raise Damaged(
            "This local dataset was stored by another version of the benchmark.",
            where=file,
            expected="a card of this version",
            found=str(error).splitlines()[0],
            remedy=_AGAIN,
        ) from error


def own_cards() -> Mapping[str, DatasetCard]:
    """Card of every own dataset by id, read at every call: a person adds them at any time.

    A damaged one is left out with a warning.
    """
    cards: dict[str, DatasetCard] = {}
    for file in sorted((data_home() / OWN).glob(f"*/{_FILE}")):
        try:
            card = _card(file)
        except Damaged as error:
            logger.warning("%s is skipped: %s", error.where, error.what)
        else:
            cards[card.id] = card
    return cards
