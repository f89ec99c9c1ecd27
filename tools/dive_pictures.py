"""A looping picture of a good and a poor dive: ``python tools/dive_pictures.py [DATASETS]``.

Two dives of one plan: same diver, pool, camera and difficulty. On the left hardly a fault; on the right the
body enters over-turned with parted, bent legs and throws up water. What the gym's judges gave is printed.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from loops import SIZE, beside, write_loop
from PIL import Image

from aqa_bench.datasets.synthetic_gym.diving.dive import DiveClip, make_dive
from aqa_bench.datasets.synthetic_gym.diving.faults import FAULTS
from aqa_bench.datasets.synthetic_gym.diving.plan import DivePlan, plan_dives
from aqa_bench.datasets.synthetic_gym.diving.render import render_dive

DATASETS = Path(__file__).parents[1] / "datasets"
#: UNLV-Dive's id does not end with the exercise, so its family ships the same picture by its own name.
OUT, COPY = Path("synthetic_gym/pictures/diving"), Path("unlv_dive/pictures/unlv-dive")
PRESET, EVENTS = "wild-224", 6
CLEAN: Mapping[str, float] = dict.fromkeys(FAULTS, 0.0)
POOR: Mapping[str, float] = {**CLEAN, "rotation": 28.0, "legs": 26.0, "knees": 30.0, "splash": 0.9}


def main(datasets: Path) -> None:
    """Write the picture and its still, for the gym and for UNLV-Dive."""
    plan = max(_candidates(), key=_seen)
    good, poor = make_dive(plan, faults=CLEAN), make_dive(plan, faults=POOR)
    # Every second frame of the last 1.7 s, which hold the faults: the rest would cost bytes.
    shown = range(int(np.argmax(good.since > -1.25)), len(good.since), 2)
    left, right = _drawn(good), _drawn(poor)
    file = (datasets / OUT).with_suffix(".webp")
    entry = int(np.argmin(np.abs(good.since[list(shown)] + 0.05)))
    write_loop([beside(left[t], right[t]) for t in shown], entry, file)
    for suffix in (".webp", "-still.webp"):
        shutil.copyfile(f"{datasets / OUT}{suffix}", f"{datasets / COPY}{suffix}")
    for name, clip in (("good", good), ("poor", poor)):
        known = clip.annotation
        print(name, plan.id, f"execution {known.execution:.1f}, score {known.judgement.score:.1f}")
    print(file.stat().st_size)


def _candidates() -> list[DivePlan]:
    plans = [plan for plan in plan_dives(PRESET) if plan.event <= EVENTS and not plan.dive.armstand]
    return [plan for plan in plans if plan.dive.position == "pike" and not plan.dive.half_twists][:24]


def _seen(plan: DivePlan) -> float:
    """Share of joints that the camera sees, and how large the diver is in the picture."""
    points = make_dive(plan, faults=CLEAN).annotation.keypoints_2d
    seen = points[points[..., 2] > 0]
    size = float(np.ptp(seen[:, 1])) if len(seen) else 0.0
    return float(points[..., 2].mean()) + size / 1000


def _drawn(clip: DiveClip) -> list[Image.Image]:
    return [Image.fromarray(frame) for frame in render_dive(clip, SIZE, supersample=3).numpy()]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATASETS)
