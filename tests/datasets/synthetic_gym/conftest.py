from __future__ import annotations

import pytest

from aqa_bench.datasets.synthetic_gym.clip import Clip, make_clip
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, Exercise


@pytest.fixture(scope="session")
def clips() -> dict[Exercise, list[Clip]]:
    """The first labelled clips of each exercise, preset study, simulated and not rendered."""
    return {e: [make_clip(p) for p in plan_clips("study", e, "labelled")[:40]] for e in EXERCISES}
