"""Trains the finder of the lifter that comes with the gym, and measures it on clips that it has not seen.

    python tools/train_finder.py --preset study       # writes the finder and docs/measured/finder-study.json

It learns from clips of no dataset (``GymLifters``), and sizes were chosen by overlap on other such clips: no
label and no clip of a preset is read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.files import pretty_json, sha256_file, write_atomic
from aqa_bench.core.progress import NullProgress
from aqa_bench.datasets.synthetic_gym.lifters import GymLifters
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES
from aqa_bench.learn.lifter.finder import LifterFinder, overlap
from aqa_bench.learn.lifter.parts import PARTS, joints_box
from aqa_bench.learn.lifter.recipe import FinderRecipe
from aqa_bench.learn.lifter.train import train_finder

ROOT = Path(__file__).resolve().parents[1]
RECIPE = FinderRecipe(clips=3000, frames=3, steps=4000)
UNSEEN = range(100_000, 100_150)
SHOWN = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="study")
    parser.add_argument("--clips", type=int, default=RECIPE.clips)
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    parser.add_argument("--out", type=Path, default=ROOT / "datasets" / "synthetic_gym" / "finders")
    asked = parser.parse_args(argv)
    recipe = FinderRecipe(clips=asked.clips, frames=RECIPE.frames, steps=asked.steps)
    lifters = GymLifters(asked.preset)
    begun = time.process_time()
    finder = train_finder(lifters.clips(0, recipe.clips, recipe.frames), recipe, NullProgress())
    seconds = time.process_time() - begun
    file = finder.save(asked.out / f"{asked.preset}.finder")
    document = {
        "schema": 1,
        "clips": lifters.name,
        "recipe": str(recipe),
        "command": f"python tools/train_finder.py --preset {asked.preset}",
        "cpu seconds": round(seconds),
        "sha256": sha256_file(file),
        "overlap on unseen clips": measure(finder, lifters),
    }
    write_atomic(ROOT / "docs" / "measured" / f"finder-{asked.preset}.json", pretty_json(document))
    sys.stdout.write(pretty_json(document))
    return 0


def measure(finder: LifterFinder, lifters: GymLifters) -> dict[str, Any]:
    """Overlap with the box around exact joints: median, 5th percentile and share under .5, by part."""
    found: dict[str, list[float]] = {part: [] for part in PARTS}
    by_exercise: dict[str, list[float]] = {exercise: [] for exercise in EXERCISES}
    clips = lifters.clips(UNSEEN.start, UNSEEN.stop, SHOWN)
    for number, clip in zip(UNSEEN, clips, strict=True):
        boxes = finder.find(clip.frames)
        for part in PARTS:
            value = float(overlap(boxes[part], joints_box(clip.keypoints, part)))
            found[part].append(value)
            if part == "legs":
                by_exercise[EXERCISES[number % len(EXERCISES)]].append(value)
    return {
        "clips": len(UNSEEN),
        **{
            part: {
                "median": round(float(np.median(values)), 3),
                "5th percentile": round(float(np.percentile(values, 5)), 3),
                "under .5": round(float(np.mean(np.array(values) < 0.5)), 3),
            }
            for part, values in found.items()
        },
        "legs, median by exercise": {
            name: round(float(np.median(values)), 3) for name, values in by_exercise.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
