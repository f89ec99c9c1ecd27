"""Cards: what a person needs to know of a dataset or a method before using it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset_id import with_preset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.lookup import find
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality, Task, Unit

__all__ = ["DatasetCard", "Decision", "MethodCard", "Regime"]


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


class DatasetCard(BaseModel):
    """Facts about one dataset id.

    Attributes:
        id: Dataset id, e.g. ``fitness-aqa/backsquat``.
        name: Name in words.
        licence: Licence of the data, as the release states it.
        source: Where the data come from.
        citation: What to cite.
        access: How to get the data.
        tasks: The tasks.
        schemes: Split schemes by task-independent id; the first is the default.
        provides: What its samples offer.
        notes: Known differences between paper, release and data.
        presets: Names of the variants that generated data come in, the first one the default; empty
            where there is only one set of data. An id without ``@preset`` means the default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    licence: str
    source: str
    citation: str
    access: str
    tasks: tuple[Task, ...]
    schemes: tuple[Scheme, ...]
    provides: frozenset[Modality]
    notes: tuple[str, ...] = ()
    presets: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")], ...] = ()

    def at(self, preset: str) -> DatasetCard:
        """From the card of the default preset to that of another one; itself for the default.

        Raises:
            UsageError: There is no such preset; the nearest one is suggested.
        """
        if not self.presets:
            raise UsageError(
                f"{self.id} has no presets.",
                expected=self.id,
                found=with_preset(self.id, preset),
                remedy="Leave out the @ and what follows it.",
            )
        known = {name: name for name in self.presets}
        chosen = find(known, preset, f"preset of {self.id}", f"aqa-bench dataset info {self.id}")
        if chosen == self.presets[0]:
            return self
        return self.model_copy(update={"id": with_preset(self.id, chosen), "name": f"{self.name} ({chosen})"})

    def task(self, task_id: str) -> Task:
        """The task of that id (the registry's look-up reports unknown ids)."""
        return next(task for task in self.tasks if task.id == task_id)

    def scheme(self, scheme_id: str) -> Scheme:
        """The scheme of that id."""
        return next(scheme for scheme in self.schemes if scheme.id == scheme_id)


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
    units: frozenset[Unit] = frozenset(Unit)
    regime: Regime
    pretrained_on: str = "nothing"
    decision: Decision = Decision.TUNED
    stochastic: bool = True
    control: bool = False
    uses_pool: bool = False
    tasks: frozenset[str] = frozenset({"binary", "one-class", "score"})

    def can_judge(self, task: Task) -> bool:
        """Whether the task's kind and unit are ones that the method can do, and it tells what is needed."""
        told = not self.needs & task.withheld and (not self.one_of or bool(self.one_of - task.withheld))
        return told and task.kind.value in self.tasks and task.unit in self.units
