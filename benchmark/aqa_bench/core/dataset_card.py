"""A dataset's card: what a person needs to know of it before using it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.dataset_id import with_preset
from aqa_bench.core.errors import UsageError
from aqa_bench.core.lookup import find
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality, Task

__all__ = ["DatasetCard"]


class DatasetCard(BaseModel):
    """Facts about one dataset id.

    Attributes:
        id: Dataset id, e.g. ``fitness-aqa/backsquat``.
        name: Name in words.
        licence: Licence of the data, as the release states it.
        source: Where the data come from.
        citation: What to cite.
        access: How to get the data.
        public_labels: Whether anybody can have the labels without asking for them.
        tasks: The tasks.
        schemes: Split schemes by task-independent id; the first is the default.
        provides: What its samples offer.
        exact: Of that, what a generator knows rather than what somebody or something found in the
            pictures. A run whose method reads it of samples to be judged is an *oracle*.
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
    public_labels: bool = True
    tasks: tuple[Task, ...]
    schemes: tuple[Scheme, ...]
    provides: frozenset[Modality]
    exact: frozenset[Modality] = frozenset()
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
                remedy="Remove the @ and everything after it.",
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
