"""What a leaderboard says, as data: the content of ``table.json``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from aqa_bench.core.record import RowKind

__all__ = [
    "UNCHECKED",
    "Board",
    "DatasetBoards",
    "PretextSuccess",
    "Row",
    "Standing",
    "board_name",
    "oracle_text",
]

UNCHECKED = "unchecked: its labels were not available, so these are the numbers that its records claim"
"""Why a row is not ranked if nobody with the labels has rescored its predictions."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Standing(StrEnum):
    """Who says that a measured row's numbers come from its method."""

    REPRODUCED = "reproduced"
    """This project ran at least one of its seeds again, and nothing that was run again differs."""
    SELF_REPORTED = "self-reported"
    DIFFERS = "differs"
    """A rerun on the same kind of machine gave another result."""


class PretextSuccess(_Strict):
    """How well pre-training solved its own task on clips that were held out from it.

    Attributes:
        task: The question, in words.
        before: Success before the first step, or None where it was not recorded.
        after: Success after the last one: a share of right answers, or an error where ``task`` names one.
        chance: What guessing comes to, or None where there is no guessing or it was not recorded.
    """

    task: str
    before: float | None
    after: float
    chance: float | None


class Row(_Strict):
    """A method with one recipe on one board.

    Attributes:
        rank: Rank group, 1 the best; None where the row is not ranked (``why_unranked`` says why).
        rank_low: The best rank that the comparisons leave the row, or None.
        rank_high: The worst one.
        why_unranked: Reason, or empty.
        method: Method id.
        recipe: Name of the recipe; empty for reported rows.
        variant: Hyper-parameters that differ from the named recipe's other rows, in words; often empty.
        kind: Measured here, or reported in a paper.
        control: Whether it is a floor or a shortcut control.
        oracle: Exact data of the generator that it reads of samples to be judged; only a
            control with any is ranked.
        modality: What it looks at.
        regime: How features are used.
        pretrained_on: Data its weights had seen before.
        value: Mean of the primary metric over seeds and repeats.
        low: Lower end of its 95% interval (BCa bootstrap over groups and seeds).
        high: Upper end.
        skill: (value - floor) / (1 - floor).
        secondary: Means of the other metrics.
        seeds: Number of seeds.
        splits: Number of splits a seed.
        scored: Samples scored.
        parameters: Parameters, or None.
        backbone: Network that its features come from; empty where there is none or it is not told.
        gflops: Giga multiply-adds per sample, or None where not counted.
        latency_ms: Milliseconds a sample in ``predict``, or None where not recorded.
        device: Where that was; empty where the runs were made on several devices.
        pretext: Success of its pre-training at the pretext's own tasks; empty where none was recorded.
        source: Citation of a reported row; empty for measured ones.
        runs: Run-ids behind the row.
        standing: Its badge; None for reported rows, and in versions of the protocol without receipts.
        reproduced: Seeds that were run again with the same result.
    """

    rank: int | None
    rank_low: int | None = None
    rank_high: int | None = None
    why_unranked: str
    method: str
    recipe: str
    variant: str
    kind: RowKind
    control: bool
    oracle: tuple[str, ...] = ()
    modality: str
    regime: str
    pretrained_on: str
    value: float | None
    low: float | None
    high: float | None
    skill: float | None
    secondary: dict[str, float | None]
    seeds: int
    splits: int
    scored: int
    parameters: int | None
    backbone: str = ""
    gflops: float | None = None
    latency_ms: float | None = None
    device: str = ""
    pretext: tuple[PretextSuccess, ...] = ()
    source: str
    runs: tuple[str, ...]
    standing: Standing | None = None
    reproduced: int = 0

    @model_serializer(mode="wrap")
    def _document(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All values; what came later only where it says something, so that older tables keep their bytes."""
        values: dict[str, Any] = plain(self)
        if not self.oracle:
            values.pop("oracle", None)
        if self.standing is None:
            values.pop("standing", None)
            values.pop("reproduced", None)
            values.pop("pretext", None)
        if self.rank_low is None and self.standing is None:
            values.pop("rank_low", None)
            values.pop("rank_high", None)
        return values


class Board(_Strict):
    """One task of one dataset under one split scheme.

    Attributes:
        dataset: Dataset id.
        task: Task id.
        scheme: Split scheme.
        question: The task in words.
        rule: The scheme in words.
        honest: Whether the scheme keeps test labels from methods.
        primary: Metric that ranks.
        higher_is_better: Its direction.
        samples: Samples tested.
        positive: Errors among them, or None for scores.
        groups: Groups among them.
        floor: Trivial value of the primary metric, or None.
        rows: Rows, best first; reported and unranked ones last.
    """

    dataset: str
    task: str
    scheme: str
    question: str
    rule: str
    honest: bool
    primary: str
    higher_is_better: bool
    samples: int
    positive: int | None
    groups: int
    floor: float | None
    rows: tuple[Row, ...]


class DatasetBoards(_Strict):
    """All boards of one dataset id.

    Attributes:
        version: Version of the leaderboards, e.g. ``v1``.
        dataset: Dataset id.
        fingerprint: Content that every measured row was scored on.
        boards: The boards.
    """

    version: str
    dataset: str
    fingerprint: str
    boards: tuple[Board, ...]


def oracle_text(read: Sequence[str]) -> str:
    """Why a row that reads exact data is not ranked.

    >>> oracle_text(["bar-boxes", "keypoints"])
    "an oracle: it reads the generator's exact bar-boxes and keypoints for the samples that it judges"
    """
    return f"an oracle: it reads the generator's exact {' and '.join(read)} for the samples that it judges"


def board_name(dataset: str) -> str:
    """Folder of a dataset's leaderboard: ``pose-trainer-shoulder-press``."""
    return dataset.replace("/", "-")
