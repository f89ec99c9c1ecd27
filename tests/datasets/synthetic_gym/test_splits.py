from __future__ import annotations

from collections import Counter

import pytest

from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, PRESETS, Exercise
from aqa_bench.datasets.synthetic_gym.splits import SPLITS, split_sources


def _clips(preset: str, exercise: Exercise) -> dict[str, list[dict[str, int]]]:
    """Clips by source, every third with an error."""
    clips: dict[str, list[dict[str, int]]] = {}
    for plan in plan_clips(preset, exercise, "labelled"):
        clips.setdefault(str(plan.source), []).append({"kie": int(plan.index % 3 == 0)})
    return clips


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("preset", ["study", "study-wild"])
def test_the_studys_parts_hold_their_share_to_the_clip(preset: str, exercise: Exercise) -> None:
    clips = _clips(preset, exercise)
    parts = split_sources(f"{preset}/{exercise}", clips, exact=PRESETS[preset].exact)
    assert parts.keys() == clips.keys()
    counts = Counter(part for source, part in parts.items() for _ in clips[source])
    assert counts == {"train": 1120, "val": 240, "test": 240}
    errors = Counter(part for source, part in parts.items() for clip in clips[source] if clip["kie"])
    total = sum(errors.values())
    assert all(abs(errors[part] / total - share) < 0.2 * share for part, share in SPLITS.items())


def test_shares_are_as_near_as_whole_sources_allow() -> None:
    clips = {str(i): [{"kie": i % 2}] * 3 for i in range(20)}
    parts = split_sources("threes", clips, exact=True)
    counts = Counter(part for source, part in parts.items() for _ in clips[source])
    assert all(abs(counts[part] - 60 * share) <= 3 for part, share in SPLITS.items())
