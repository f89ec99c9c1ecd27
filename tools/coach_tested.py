"""Measures the clips that the coach's judges were tested on, and writes coach/tested.json.

    python tools/coach_tested.py            # needs the judges' datasets: aqa-bench dataset prepare ...

No label is read. Of a dataset with one split the test clips are measured, of one with folds all clips, since
each is tested once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.coach import tested
from aqa_bench.coach.body import Body, body_of
from aqa_bench.coach.judges import JUDGES
from aqa_bench.coach.motion import MOTIONS
from aqa_bench.coach.novelty import shares_seen
from aqa_bench.coach.posture import FIGURES, posture
from aqa_bench.coach.repetitions import cut
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.sample import Media
from aqa_bench.core.task import Unit

_FPS = 30.0


def repetition(media: Media, exercise: str, layout: str) -> tuple[Body, Body, float] | None:
    """The whole body, its first complete repetition and the repetition's seconds; None without one."""
    fps = media.fps or _FPS
    body = body_of(media.keypoints(layout), layout)
    motion = MOTIONS[exercise]
    for found in cut(motion.effort(body), fps, motion.least):
        if found.complete:
            return body, body.part(found.start, found.end), (found.end - found.start + 1) / fps
    return None


def tested_ids(dataset: Dataset, task: str) -> list[str]:
    """Every sample that stands in the test part of a split."""
    splits = dataset.splits(task, dataset.card.schemes[0].id)
    known = dataset.samples(task)
    return [i for i in dict.fromkeys(i for split in splits for i in split.test) if i in known]


def measure(exercise: str, name: str) -> dict[str, Any]:
    """The description of one exercise's tested clips."""
    dataset = open_dataset(name)
    task = dataset.card.tasks[0].id
    ids = tested_ids(dataset, task)
    medias: list[Media] = [dataset.samples(task)[i].media for i in ids]
    if dataset.card.tasks[0].unit is Unit.IMAGE:
        medias = clips_of(dataset, ids)
    layout = "openpose-18" if name.startswith("pose-trainer") else "coco-17"
    found = [rep for media in medias if (rep := repetition(media, exercise, layout)) is not None]
    fps_known = all(media.fps for media in medias)
    figures: dict[str, list[float]] = {figure: [] for figure in FIGURES}
    for _, part, _ in found:
        for figure, value in posture(part).items():
            figures[figure].append(value)
    # A number that is seldom known says nothing of where the clips end.
    kept = {figure: values for figure, values in figures.items() if len(values) > 0.5 * len(found)}
    shares = [shares_seen(part, exercise) for _, part, _ in found]
    return {
        "dataset": name,
        "fingerprint": dataset.fingerprint(),
        "clips": len(found),
        "turned": span([body.turned() for body, _, _ in found], 1),
        "torso": span([body.torso for body, _, _ in found], 1),
        "seconds": span([seconds for _, _, seconds in found], 2) if fps_known else None,
        "seen": {
            joint: round(float(np.percentile([share[joint] for share in shares], 5)), 3)
            for joint in shares[0]
        },
        "figures": {figure: span(values, 3) for figure, values in kept.items()},
    }


def clips_of(dataset: Dataset, stills: list[str]) -> list[Media]:
    """The clips that pictures of the gym were taken from: rows are judged by pictures alone."""
    from aqa_bench.datasets.synthetic_gym.adapter import SyntheticGym
    from aqa_bench.datasets.synthetic_gym.media import GymClip

    assert isinstance(dataset, SyntheticGym)
    known = dataset.annotated

    def nothing(*_: Any) -> Any:
        raise AssertionError("frames are not read")

    clips = dict.fromkeys(still.rpartition("_")[0] for still in stills)
    return [GymClip(known, clip, nothing, nothing) for clip in clips]


def span(values: list[float], digits: int) -> list[float]:
    """Least and most."""
    known = [value for value in values if np.isfinite(value)]
    return [round(min(known), digits), round(max(known), digits)]


def main() -> int:
    """Measure all and write the file."""
    found = {}
    for exercise, judge in JUDGES.items():
        found[exercise] = measure(exercise, judge.dataset)
        print(exercise, found[exercise]["clips"], found[exercise]["turned"], found[exercise]["torso"])
    # The same estimator reads the joints of all exercises, so how small a person may be is a fact of all.
    rules = [each for each in found.values() if each["dataset"].startswith("pose-trainer")]
    pooled = [min(each["torso"][0] for each in rules), max(each["torso"][1] for each in rules)]
    for each in rules:
        each["torso"] = pooled
    file = Path(tested.__file__).with_name("tested.json")
    file.write_text(json.dumps({"exercises": found}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
