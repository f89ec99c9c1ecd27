"""A method's card: what a person needs to know of it before using it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from aqa_bench.core.task import Modality, Task, Unit

__all__ = ["Decision", "MethodCard", "Regime"]


class Regime(StrEnum):
    """How a method uses its features."""

    FROZEN = "frozen"
    FINETUNE = "finetune"
    ONE_CLASS = "one-class"
    RULES = "rules"
    CONTROL = "control"


class Decision(StrEnum):
    """Where a binary decision's threshold comes from."""

    TUNED = "tuned"
    """Tuned by the runner on val, for the task's primary decision metric."""
    OWN = "own"
    """0.5: the method maps its own decision boundary there."""


class MethodCard(BaseModel):
    """Facts about one method id.

    Attributes:
        id: Method id, e.g. ``cvcspc``.
        name: Name in words.
        version: Raised whenever the method's behaviour changes; part of every run-id.
        paper: Citation, or "ours".
        summary: The idea in one sentence.
        modality: What it looks at, in the tables' words (``2D pose``, ``image``, ``video``, ...).
        needs: Modalities that samples must provide.
        one_of: Modalities of which samples must provide at least one; empty where there is no choice.
        reads: Modalities that some recipes read besides, where samples provide them.
        units: What a sample may be; a method of clips cannot judge single images.
        regime: How features are used.
        pretrained_on: Data its weights have seen before, in words; "nothing" if none.
        decision: Where the threshold of binary tasks comes from.
        stochastic: Whether the seed matters; a deterministic method is run with one seed.
        control: Whether it is a floor or shortcut control rather than a contender.
        uses_pool: Whether it learns from unlabelled samples.
        tasks: Task kinds it can do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    version: int
    paper: str
    summary: str
    modality: str
    needs: frozenset[Modality]
    one_of: frozenset[Modality] = frozenset()
    reads: frozenset[Modality] = frozenset()
    units: frozenset[Unit] = frozenset(Unit)
    regime: Regime
    pretrained_on: str = "nothing"
    decision: Decision = Decision.TUNED
    stochastic: bool = True
    control: bool = False
    uses_pool: bool = False
    tasks: frozenset[str] = frozenset({"binary", "one-class", "score"})

    @property
    def modalities(self) -> frozenset[Modality]:
        """All that some recipe of it may read: of exact data it is shown nothing else."""
        return self.needs | self.one_of | self.reads

    def needed(self) -> str:
        """What samples must provide, in words, e.g. ``frames or image``; empty where nothing is asked."""
        choice = " or ".join(sorted(self.one_of))
        return ", ".join([*sorted(self.needs), *([choice] if choice else [])])

    def can_judge(self, task: Task) -> bool:
        """Whether the task's kind and unit are ones that the method can do, and it tells what is needed."""
        told = not self.needs & task.withheld and (not self.one_of or bool(self.one_of - task.withheld))
        return told and task.kind.value in self.tasks and task.unit in self.units
