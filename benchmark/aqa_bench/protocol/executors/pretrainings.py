"""Which pre-trainings a run waits for: runs that share one are found before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.protocol.executors.job_file import Place
from aqa_bench.protocol.plan import Choice, Request, RunFolders

__all__ = ["Pretraining", "Pretrainings"]


@dataclass(frozen=True, slots=True)
class Pretraining:
    """A pre-training that runs share.

    Attributes:
        id: ``p`` and 12 hexadecimal digits: the same for runs that share the pre-training.
        pool: A task and split with its pool; None where the dataset is not there to tell.
    """

    id: str
    pool: Place | None


class Pretrainings:
    """Finds the pre-trainings of requests.

    Two requests share one if their methods, the hyper-parameters that its weights depend on, its number and
    the ids of its pool are the same. That decides nothing but the order of jobs: weights are kept by content,
    and of two jobs that want the same ones after all, the second finds what the first has made.

    Args:
        folders: Resolves requests.
    """

    def __init__(self, folders: RunFolders) -> None:
        self._folders = folders
        self._pools = cache(self._pools_of)

    def of(self, request: Request) -> list[Pretraining]:
        """The pre-trainings of a request, each once; none of a method that learns from no pool.

        Raises:
            AqaBenchError: The request cannot be resolved.
        """
        choice = self._folders.choice(request)
        if not choice.plugin.card.uses_pool or not choice.told.prepares:
            return []
        about = [
            choice.plugin.card.id,
            choice.plugin.factory,
            _hyperparameters(choice),
            _number(choice),
            request.keypoints,
            request.people,
        ]
        found: dict[str, Pretraining] = {}
        for place, pool in self._places(request, choice):
            name = "p" + sha256_bytes(canonical_json([*about, pool]).encode())[:12]
            found.setdefault(name, Pretraining(name, place))
        return list(found.values())

    def _places(self, request: Request, choice: Choice) -> Iterator[tuple[Place | None, str]]:
        """Every place of a request with what names its pool."""
        foreign = choice.pool
        card, scheme = (choice.card, choice.scheme) if foreign is None else (foreign, foreign.schemes[0])
        try:
            for task in choice.tasks:
                splits = self._folders.dataset(request).splits(task.id, choice.scheme.id)
                judged = task.id if foreign is None else foreign.tasks[0].id
                pools = self._pools(card.id, judged, scheme.id)
                # A foreign pool is one for all splits: that of its dataset's first task and scheme.
                for split, pool in zip(
                    splits, pools if foreign is None else pools[:1], strict=foreign is None
                ):
                    yield Place(task=task.id, split=split.id), f"{card.id} {pool}"
        except DataError:
            # Not prepared here: one pool per dataset and scheme, as most have it.
            yield None, f"{card.id} {scheme.id}"

    def _pools_of(self, name: str, task: str, scheme: str) -> list[str]:
        """Digests of the ids of the pools of a task's splits."""
        dataset = self._folders.dataset(Request(name, ""))
        held_out = [frozenset((*s.val, *s.test)) for s in dataset.splits(task, scheme)]
        return [_digest(s.id for s in dataset.unlabeled(task, ids)) for ids in held_out]


def _hyperparameters(choice: Choice) -> object:
    """What the weights depend on, as far as the method tells; else all of the recipe."""
    told = choice.told.pretraining
    values = choice.recipe.model_dump(mode="json") if told is None else dict(told)
    # Clips are cut out before a method sees them.
    return values | {name: getattr(choice.recipe, name, None) for name in ("region", "region_by")}


def _number(choice: Choice) -> int:
    seeds = getattr(choice.recipe, "pretraining_seeds", None)
    shares = choice.told.pretraining is not None and isinstance(seeds, int) and seeds > 0
    return choice.seed % int(seeds or 1) if shares else choice.seed


def _digest(names: Iterator[str]) -> str:
    return sha256_bytes(canonical_json(sorted(names)).encode())
