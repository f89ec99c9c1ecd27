"""What a validation found, and what it compared to find it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.boards.runs import Problem

__all__ = ["Compared", "Validation"]


class Compared(BaseModel):
    """How many of the new runs were held to something outside of them.

    Attributes:
        runs: New runs.
        labels: Runs whose numbers were computed again from the labels.
        code: Runs that name their code; it was compared with that of their rows.
        recipes: Runs whose hyper-parameters passed the method's own type; others were checked by structure.
        members: Ensembles that were computed again from their members.
        neighbours: Runs whose predictions were compared with those of all others of their boards.
    """

    model_config = ConfigDict(extra="forbid")

    runs: int = 0
    labels: int = 0
    code: int = 0
    recipes: int = 0
    members: int = 0
    neighbours: int = 0

    def told(self) -> str:
        """The counts in one line."""
        parts = (
            f"labels {self.labels} of {self.runs}",
            f"code {self.code} of {self.runs}",
            f"recipe's type {self.recipes} of {self.runs}",
            f"neighbours {self.neighbours} of {self.runs}",
            f"ensembles {self.members}",
        )
        return f"compared: {', '.join(parts)}"


class Validation(BaseModel):
    """What a validation found.

    Attributes:
        ok: Whether nothing is wrong.
        problems: Everything that does not hold.
        rescored: Runs whose every number was recomputed from predictions and labels.
        consistency_only: Runs whose labels are not available, with the reason; they were checked against
            themselves, their cards and earlier runs.
        unchecked: Those of them that are let through: nobody has computed their numbers, and their rows
            cannot be ranked before somebody has.
        unchanged: Number of runs that are, byte for byte, what was accepted before; not judged again.
        conformance: Methods that come with the submission: the conformance suite has to pass on them.
        by_structure: Runs whose hyper-parameters were checked by structure only, with the reason.
        compared: What the new runs were compared with.
    """

    model_config = ConfigDict(extra="forbid")

    ok: bool = True
    problems: list[Problem] = Field(default_factory=list)
    rescored: list[str] = Field(default_factory=list)
    consistency_only: dict[str, str] = Field(default_factory=dict)
    unchecked: dict[str, str] = Field(default_factory=dict)
    unchanged: int = 0
    conformance: list[str] = Field(default_factory=list)
    by_structure: dict[str, str] = Field(default_factory=dict)
    compared: Compared = Field(default_factory=Compared)
