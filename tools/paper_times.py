"""Rough times of the paper recipes on one GPU, for ``suite plan --simulate --times``.

Run ``python tools/paper_times.py``: it prints docs/estimates/paper-times.toml. One number is measured: the
images per second of a training step of ResNet-18 on an H200 (doctor-h200.json). All else is arithmetic: every
network does as many multiply-adds per second, a forward pass is a third of a step, and each epoch of a recipe
is made. Counts of clips are those of the releases' splits (datasets/*/README.md). Heads on features,
augmentation and decoding are left out, so real runs take longer. What each job pays before it works (a start
and a network) and what runs on CPUs take are set to round numbers.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.backbones.videos import build_video_backbone

ROOT = Path(__file__).resolve().parents[1]
DOCTOR = ROOT / "docs" / "measured" / "doctor-h200.json"
IMAGE_EPOCHS, VIDEO_EPOCHS, TUNING_EPOCHS, STILL_EPOCHS, FRAMES = 100, 20, 50, 20, 200
# Nine in ten clips of a pool are learnt from.
LEARNT = 0.9
# Pictures or clips that a clip of the pool gives a step: triplets, pairs, versions of one clip.
PER_CLIP = {"cvcspc": 3, "vanilla-pc": 3, "pad": 3, "simsiam": 2, "md": 3, "dive-classification": 6}
PER_CLIP |= dict.fromkeys(("temporalxform", "temporalxform-1", "temporalxform-2"), 4)
IMAGES = ("cvcspc", "vanilla-pc", "pad", "simsiam", "imagenet", "still", "shuffled")
SPEEDS = ("videospeed-1", "videospeed-2", "videorot")
FIXED = ("imagenet", "still", "shuffled", "kinetics")
VIDEOS = ("kinetics", "md", *SPEEDS, "temporalxform", "temporalxform-1", "temporalxform-2")
ON_CPUS = ("constant", "prior", "duration", "metadata", "pose-tdm")
CPU_SECONDS, START_SECONDS = 600.0, 20.0


@dataclass(frozen=True)
class Clips:
    """Samples of one task's train, val and test parts, and unlabelled clips of the pool of its dataset."""

    train: int
    val: int
    test: int
    pool: int


SQUAT, PRESS, DIVE = "fitness-aqa/backsquat", "fitness-aqa/overhead-press", "mtl-aqa/diving"
ROW, WASEDA = "fitness-aqa/barbell-row", "waseda-squat"
CLIPS = {
    SQUAT: Clips(1136, 243, 244, 4970),
    PRESS: Clips(1582, 339, 339, 5490),
    DIVE: Clips(1059, 0, 353, 1059),
    # Its official split is not known; its pool is that of the squats.
    WASEDA: Clips(2001, 0, 0, 4970),
}
SHALLOW = Clips(2542, 529, 540, 4970)
# The larger of two tasks; pre-trainings on other exercises' pools are counted with those.
ROWS = Clips(11881, 2564, 2585, 0)
SHARES = {"low-1": 0.01, "low-5": 0.05, "low-10": 0.1, "official": 1.0}
LOOKED_AT = {SQUAT: IMAGES, PRESS: ("simsiam", "cvcspc"), WASEDA: ("cvcspc",)}


def main() -> int:
    document = json.loads(DOCTOR.read_text(encoding="utf-8"))
    image = build_backbone("resnet18", "random").gflops(224)
    video = build_video_backbone("r2plus1d_18", "random")
    rate = document["speed"]["pre-training"]["images_per_second"] * image
    short, long = video.gflops(16, 112) / rate, video.gflops(32, 112) / rate
    print('about = "Made by tools/paper_times.py: one rate is measured, the rest is arithmetic."')
    entries = [*_stills(image / rate), *_images(image / rate), *_videos(short, long), *_dives(short, long)]
    entries += [{"method": name, "fit": 0, "again": math.ceil(CPU_SECONDS)} for name in ON_CPUS]
    for entry in entries:
        print("\n[[job]]")
        print("\n".join(f"{name} = {json.dumps(value)}" for name, value in entry.items()))
    return 0


Entry = dict[str, str | int]


def _entry(method: str, fit: float, again: float, pretraining: float, **where: str) -> Entry:
    begun = START_SECONDS if pretraining else 0.0
    seconds = {"fit": fit, "again": START_SECONDS + again, "pretraining": pretraining + begun}
    return {"method": method, **where, **{name: math.ceil(value) for name, value in seconds.items()}}


def _stills(step: float) -> Iterator[Entry]:
    """Single pictures, end to end; a step takes so many seconds per picture."""
    for method in IMAGES:
        learnt = _learnt(method, IMAGE_EPOCHS, SHALLOW.pool) * step
        fit = _tuned(SHALLOW, STILL_EPOCHS, step)
        yield _entry(method, fit, 0.0, learnt, dataset=SQUAT, task="ss")
    for method in ("simsiam", "cvcspc"):
        for scheme, share in SHARES.items():
            yield _entry(
                method, _tuned(ROWS, STILL_EPOCHS, step, share), 0.0, 0.0, dataset=ROW, scheme=scheme
            )
        yield _entry(method, _tuned(ROWS, STILL_EPOCHS, step), 0.0, 0.0, dataset=ROW)


def _images(step: float) -> Iterator[Entry]:
    """Frozen features of clips, the same for all tasks of a run."""
    for dataset, methods in LOOKED_AT.items():
        seen = CLIPS[dataset]
        features = (seen.train + seen.val + seen.test) * FRAMES * step / 3
        for method in methods:
            yield _entry(
                method, 0.0, features, _learnt(method, IMAGE_EPOCHS, seen.pool) * step, dataset=dataset
            )


def _videos(short: float, long: float) -> Iterator[Entry]:
    """End to end on 32 frames, after 16 frames of clips without labels."""
    for method in VIDEOS:
        for dataset in (SQUAT, PRESS):
            seen = CLIPS[dataset]
            learnt = _learnt(method, VIDEO_EPOCHS, seen.pool) * short
            yield _entry(method, _tuned(seen, TUNING_EPOCHS, long), 0.0, learnt, dataset=dataset)


def _dives(short: float, long: float) -> Iterator[Entry]:
    seen = CLIPS[DIVE]
    features = (seen.train + seen.test) * long / 3
    tuned = _tuned(seen, TUNING_EPOCHS, long)
    yield _entry("kinetics", 0.0, features, 0.0, dataset=DIVE, recipe="frozen")
    yield _entry("kinetics", tuned, 0.0, 0.0, dataset=DIVE)
    # Of a pair, the network sees whole dives: 32 frames.
    yield _entry("md", tuned, 0.0, _learnt("md", VIDEO_EPOCHS, seen.pool) * long, dataset=DIVE)
    clips = _learnt("dive-classification", VIDEO_EPOCHS, seen.pool) * short
    # Six clips of 16 frames per dive.
    yield _entry("dive-classification", 0.0, 6 * features * short / long, clips, dataset=DIVE)


def _learnt(method: str, epochs: int, pool: int) -> float:
    """Pictures or clips that a pre-training takes a step on."""
    seen = 0 if method in FIXED else PER_CLIP.get(method, 1)
    return epochs * LEARNT * pool * seen


def _tuned(seen: Clips, epochs: int, step: float, share: float = 1.0) -> float:
    """Seconds of one task trained end to end: val is looked at in every epoch, val and test at the end."""
    return (epochs * (share * seen.train + seen.val / 3) + (seen.val + seen.test) / 3) * step


if __name__ == "__main__":
    sys.exit(main())
