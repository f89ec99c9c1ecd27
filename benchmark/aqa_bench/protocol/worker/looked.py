"""What workers tell of their methods, checked as it comes: features of frames, what judgements rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aqa_bench.core.sample import Sample
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.custody import checked_scores
from aqa_bench.protocol.fitting import Fitting
from aqa_bench.protocol.worker.arrays import array_of
from aqa_bench.protocol.worker.failures import strange
from aqa_bench.protocol.worker.hand import Hand, checked_facts
from aqa_bench.protocol.worker.wire import Message, UnreadableError

if TYPE_CHECKING:
    from aqa_bench.learn.looking.attribution import Attribution

__all__ = ["Embedded", "Explained", "embedded", "explained"]

_LONGEST = 10_000


@dataclass(frozen=True)
class Embedded:
    """Features of frames of samples.

    Attributes:
        features: An array for each sample, float32.
        facts: The fit's report.
        document: All that shapes the features besides media and weights, as JSON.
        weights_sha256: Digest of the network's weights.
        pretrained_on: What they have seen before.
    """

    features: list[npt.NDArray[np.float32]]
    facts: dict[str, Any]
    document: dict[str, Any]
    weights_sha256: str
    pretrained_on: str


def embedded(
    hand: Hand, given: Fitting, samples: Sequence[Sample], frames_per_clip: int | None = None
) -> Embedded:
    """Have features of frames extracted.

    Args:
        hand: Of an image method.
        given: What a split gives; no label of it is shown.
        samples: What to look at.
        frames_per_clip: Frames of a clip; as the recipe says where None.

    Raises:
        AqaBenchError: What the method raised, or that it answered in a way that is no answer.
    """
    found: list[npt.NDArray[np.float32]] = []

    def take(message: Message) -> None:
        if len(found) == len(samples):
            raise UnreadableError("features of more samples than requested")
        found.append(_array(message, np.float32))

    answer = hand.bare("features", given, samples, {"frames_per_clip": frames_per_clip}, take).header
    document, texts = answer.get("document"), [answer.get(k) for k in ("weights", "pretrained_on")]
    whole = isinstance(document, dict) and all(isinstance(t, str) and len(t) < _LONGEST for t in texts)
    if not whole or len(found) != len(samples):
        raise strange(hand.plugin.card.id, given.where, f"features of {len(found)} of {len(samples)} samples")
    facts = checked_facts(answer.get("report"), given.where)
    return Embedded(found, facts, dict(document or {}), *map(str, texts))


@dataclass(frozen=True)
class Explained:
    """Scores of samples, and what they rest on.

    Attributes:
        scores: ``(n,)``.
        attributions: One for each sample.
        facts: The fit's report.
    """

    scores: npt.NDArray[np.float64]
    attributions: list[Attribution]
    facts: dict[str, Any]


@dataclass
class _Taken:
    arrays: list[npt.NDArray[Any]] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)


def explained(hand: Hand, given: Fitting, samples: Sequence[Sample], kind: TaskKind) -> Explained:
    """Fit, score samples, and have it explained.

    Args:
        hand: Of the method.
        given: What the split gives.
        samples: Bare samples.
        kind: Of the task.

    Raises:
        UsageError: The method cannot tell what its judgements rest on.
        AqaBenchError: What the method raised, or that it answered in a way that is no answer.
    """
    from aqa_bench.learn.looking.attribution import Attribution

    name, taken = hand.plugin.card.id, _Taken()

    def take(message: Message) -> None:
        if len(taken.arrays) + len(taken.ends) == 4 * len(samples):
            raise UnreadableError("attributions of more samples than requested")
        if "ends" in message.header:
            low, high = (float("nan") if e is None else float(e) for e in message.header["ends"])
            taken.ends.append((low, high))
        else:
            types = (np.int64, np.float32, np.float64)
            taken.arrays.append(_array(message, types[len(taken.arrays) % 3]))

    answer = hand.labelled("explain", given, samples, part=take).header
    scores = checked_scores(answer.get("scores"), len(samples), kind, name, given.where)
    if len(taken.arrays) != 3 * len(samples) or len(taken.ends) != len(samples):
        raise strange(name, given.where, f"attributions of other than {len(samples)} samples")
    attributions = []
    for i, ends in enumerate(taken.ends):
        indices, maps, area = taken.arrays[3 * i : 3 * i + 3]
        if maps.ndim != 3 or indices.shape != maps.shape[:1] or area.shape != (len(maps), 4):
            raise strange(name, given.where, "an attribution whose arrays do not fit each other")
        attributions.append(Attribution(indices, maps, area, *ends))
    return Explained(scores, attributions, checked_facts(answer.get("report"), given.where))


def _array(message: Message, kind: type[np.generic]) -> npt.NDArray[Any]:
    array = array_of(message)
    if array.dtype != kind:
        raise UnreadableError(f"an array of {array.dtype}")
    return array
