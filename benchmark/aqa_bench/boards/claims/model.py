"""Claims of papers as data: what they say, and the comparisons that test them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from itertools import product
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.lookup import find

__all__ = ["Claim", "ClaimFile", "Comparison", "Contender", "Pair", "Way", "claim_file", "parse_way"]


class Way(NamedTuple):
    """A recipe, and hyper-parameters set over it.

    Attributes:
        recipe: Its name, or a pattern of names as in ``fnmatch``.
        settings: Values by hyper-parameter, as ``--set`` takes them.
        options: Other options that ``aqa-bench run`` needs.
    """

    recipe: str
    settings: tuple[tuple[str, str], ...] = ()
    options: str = ""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contender(_Strict):
    """Who is compared.

    Attributes:
        method: Method id; empty for ensembles and for printed values.
        about: What it stands for, where the id does not say it.
        ways: By budget, ``RECIPE key=value ... --option ...`` in order of preference; empty where recipes are
            named as the budgets.
        pool: Exercise, or whole dataset id, whose unlabelled clips it learned from in place of its own.
        members: Contenders that it is an ensemble of.
        printed: A value known from print alone.
        real_only: Whether there is nothing like it on generated data.
    """

    method: str = ""
    about: str = ""
    ways: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    pool: str = ""
    members: tuple[str, ...] = ()
    printed: float | None = None
    real_only: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.method != "") + (self.members != ()) + (self.printed is not None) != 1:
            raise ValueError("a contender is a method, an ensemble of members, or a printed value")
        return self


class Comparison(_Strict):
    """Each of one side is claimed to beat each of the other on each task.

    Attributes:
        better: Names of contenders.
        worse: Names of contenders.
        tasks: Task ids.
        better_on: Datasets of the better side, where they are not the claim's.
    """

    better: tuple[str, ...] = Field(min_length=1)
    worse: tuple[str, ...] = Field(min_length=1)
    tasks: tuple[str, ...] = Field(min_length=1)
    better_on: tuple[str, ...] = ()


class Pair(NamedTuple):
    """One contender against another on one task; ``better_on`` as in :class:`Comparison`."""

    task: str
    better: str
    worse: str
    better_on: str = ""


class Claim(_Strict):
    """A claim.

    Attributes:
        id: Short id.
        source: Key of its document in :attr:`ClaimFile.sources`.
        place: Where in it.
        says: The claim in our words.
        note: What a reader has to know; often empty.
        real: Dataset id of the real data; empty where there are none.
        twin: Dataset id of the generated data, without a preset; empty where there are none.
        scheme: Split scheme.
        metric: Primary metric of the boards that it is tested on.
        equivalent_within: For a claim that two are alike: the greatest difference that still is; else None.
        paired: Whether both sides are tested on the same samples.
        comparisons: What has to hold, all of it.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")
    source: str
    place: str
    says: str
    note: str = ""
    real: str = ""
    twin: str = ""
    scheme: str = "official"
    metric: str
    equivalent_within: float | None = Field(default=None, gt=0)
    paired: bool = True
    comparisons: tuple[Comparison, ...] = Field(min_length=1)

    def pairs(self) -> tuple[Pair, ...]:
        """Every single comparison."""
        return tuple(
            Pair(task, better, worse, on)
            for c in self.comparisons
            for task, better, worse, on in product(c.tasks, c.better, c.worse, c.better_on or ("",))
        )


class ClaimFile(_Strict):
    """The content of ``claims.toml``.

    Attributes:
        presets: Presets of the twin's data, best first.
        budgets: Names of recipes, most faithful first.
        sources: Citation of every document.
        contenders: Who is compared, where the name is not a method's id.
        claims: The claims.
    """

    presets: tuple[str, ...]
    budgets: tuple[str, ...]
    sources: dict[str, str]
    contenders: dict[str, Contender]
    claims: tuple[Claim, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [claim.id for claim in self.claims]
        if len(set(ids)) != len(ids):
            raise ValueError("two claims have the same id")
        for name, contender in self.contenders.items():
            if not set(contender.ways) <= set(self.budgets):
                raise ValueError(f"contender {name}: ways of {', '.join(contender.ways)}")
        for claim in self.claims:
            if claim.source not in self.sources:
                raise ValueError(f"claim {claim.id}: the file lists no source {claim.source}")
            pairs = claim.pairs()
            if len(set(pairs)) != len(pairs) or any(p.better == p.worse and not p.better_on for p in pairs):
                raise ValueError(
                    f"claim {claim.id}: a comparison is repeated, or compares a contender with itself"
                )
            unpaired = any(p.better_on or self.contender(p.worse).printed is not None for p in pairs)
            if claim.paired is unpaired:
                raise ValueError(f"claim {claim.id}: paired = {str(claim.paired).lower()} does not hold")
        return self

    def contender(self, name: str) -> Contender:
        """The contender of that name."""
        return self.contenders.get(name) or Contender(method=name)

    def claim(self, name: str) -> Claim:
        """The claim of that id.

        Raises:
            UsageError: There is none; the nearest id is suggested.
        """
        return find({claim.id: claim for claim in self.claims}, name, "claim", "aqa-bench claims")


def parse_way(text: str) -> Way:
    """``RECIPE key=value ... --option ...`` as a :class:`Way`.

    >>> parse_way("body source=noisy --people nearest")
    Way(recipe='body', settings=(('source', 'noisy'),), options='--people nearest')
    """
    words, mark, options = text.partition(" --")
    recipe, *settings = words.split()
    pairs = tuple((key, value) for key, _, value in (item.partition("=") for item in settings))
    return Way(recipe, pairs, f"--{options}" if mark else "")


@cache
def claim_file() -> ClaimFile:
    """The content of ``claims.toml``.

    Raises:
        AqaBenchError: The file of the package is damaged.
    """
    file = resources.files(__package__) / "claims.toml"
    try:
        return ClaimFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise AqaBenchError(
            "The claims cannot be read.",
            where="aqa_bench/boards/claims/claims.toml",
            expected="the file of the package",
            found=str(error),
            remedy="Install aqa-bench again.",
        ) from error
