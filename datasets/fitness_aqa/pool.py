"""The unlabelled pool: clips with a bar trajectory that no judged clip could have taught."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aqa_bench.media.trajectory import MIN_COVERAGE

from .bar import EXCESS_FRAMES
from .index import Entry, Index
from .layout import EXERCISES, Kind

__all__ = ["POOL_RULES", "Pool", "clip_of", "group_of", "held_out_ids", "select_pool", "track_fits"]

POOL_RULES: Mapping[str, str] = {
    "video unreadable": "their videos cannot be read",
    "no trajectory": "they have no bar trajectory",
    "trajectory unusable": "their trajectories are malformed, constant, too long, or half empty",
    "traj_nan": "the release lists their trajectories as unusable",
    "held-out clip": "they overlap val or test of the exercise",
    "held-out source": "they share a source video with val or test of the exercise",
    "held-out twin": "they are byte-identical to val or test clips",
}
"""Why a clip of the unlabelled set is left out, in the order the rules are applied."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The outcome of the rules.

    Attributes:
        ids: Ids of the clips kept, sorted.
        costs: Number of clips that each rule of ``POOL_RULES`` left out, the first that applied.
    """

    ids: tuple[str, ...]
    costs: Mapping[str, int]


def clip_of(image: str) -> str:
    """Clip that an image was taken from.

    Example:
        >>> clip_of("37803_2_44")
        '37803_2'
    """
    return image.rsplit("_", 1)[0]


def group_of(sample: str) -> str:
    """Source video of a clip or image: the first token of its id.

    Example:
        >>> group_of("37803_2_44"), group_of("37803_2")
        ('37803', '37803')
    """
    return sample.split("_", 1)[0]


def held_out_ids(index: Index) -> frozenset[str]:
    """Clips that the val or test part of any task of the exercise holds, or takes images from."""
    held: set[str] = set()
    for task in EXERCISES[index.exercise].tasks:
        parts = index.splits.get(task.task, {})
        ids = (*parts.get("val", ()), *parts.get("test", ()))
        held.update(ids if task.media is Kind.CLIP else map(clip_of, ids))
    return frozenset(held)


def track_fits(track: Entry | None, clip: Entry) -> bool:
    """Whether a clip's trajectory can be used with it."""
    if track is None or not track.usable or not clip.usable:
        return False
    frames = clip.holds.length
    return track.holds.length <= frames + EXCESS_FRAMES and track.holds.covered >= MIN_COVERAGE * frames


def select_pool(index: Index, held_out: Iterable[str] = ()) -> Pool:
    """Apply the rules to the unlabelled set.

    Args:
        index: The exercise.
        held_out: Further clip or image ids that are judged, e.g. under another split scheme.

    Returns:
        The clips kept and what each rule cost.
    """
    extra = frozenset(held_out)
    clips = held_out_ids(index) | extra | frozenset(map(clip_of, extra))
    groups = frozenset(map(group_of, clips))
    judged = index.entries(Kind.CLIP)
    twins = frozenset(judged[key].holds.sha256 for key in clips if key in judged and judged[key].usable)
    tracks = index.entries(Kind.TRAJECTORY)
    nan = frozenset(index.traj_nan)
    costs = dict.fromkeys(POOL_RULES, 0)
    kept: list[str] = []
    for key, clip in sorted(index.entries(Kind.POOL).items()):
        rules = {
            "video unreadable": not clip.usable,
            "no trajectory": key not in tracks,
            "trajectory unusable": not track_fits(tracks.get(key), clip),
            "traj_nan": key in nan,
            "held-out clip": key in clips,
            "held-out source": group_of(key) in groups,
            "held-out twin": clip.holds.sha256 in twins,
        }
        rule = next((name for name, applies in rules.items() if applies), None)
        if rule is None:
            kept.append(key)
        else:
            costs[rule] += 1
    return Pool(tuple(kept), costs)
