"""Rough times of the paper recipes on one GPU, for ``suite plan --simulate --times``.

Run ``python tools/paper_times.py``: it prints docs/estimates/paper-times.toml. One number is measured: the
images per second of a training step of ResNet-18 on an H200 (doctor-h200.json). All else is arithmetic: every
network does as many multiply-adds per second, a forward pass is a third of a step, and datasets are as large
as the squats. Heads over time, validation, decoding and starts are left out, so real runs take longer.
Times of what runs on CPUs are set to a round number: they do not touch the GPUs.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.backbones.videos import build_video_backbone

ROOT = Path(__file__).resolve().parents[1]
DOCTOR = ROOT / "docs" / "measured" / "doctor-h200.json"
# Of the squats, as docs/datasets.md counts them; nine in ten unlabelled clips are learnt from.
UNLABELLED, LABELLED, STILLS, ROWS = 0.9 * 4970, 1623, 3611, 10360
IMAGE_EPOCHS, VIDEO_EPOCHS, FINETUNE_EPOCHS, STILL_EPOCHS, FRAMES = 100, 20, 50, 20, 200
# Pictures or clips that a clip of the pool gives a step: triplets three, pairs two.
PER_CLIP = {"cvcspc": 3, "vanilla-pc": 3, "pad": 3, "simsiam": 2, "md": 3}
IMAGES = ("cvcspc", "vanilla-pc", "pad", "simsiam")
VIDEOS = (
    "md", "videospeed-1", "videospeed-2", "videorot", "temporalxform", "temporalxform-1", "temporalxform-2",
)  # fmt: skip
ON_CPUS = ("constant", "prior", "duration", "metadata", "pose-tdm")
CPU_SECONDS = 600.0


def main() -> int:
    document = json.loads(DOCTOR.read_text(encoding="utf-8"))
    image = build_backbone("resnet18", "random").gflops(224)
    video = build_video_backbone("r2plus1d_18", "random")
    rate = document["speed"]["pre-training"]["images_per_second"] * image
    short, long = video.gflops(16, 112), video.gflops(32, 112)
    heads = LABELLED * FRAMES * image / rate / 3 + max(STILLS, ROWS) * STILL_EPOCHS * image / rate
    tuned = LABELLED * FINETUNE_EPOCHS * long / rate
    times = dict.fromkeys(ON_CPUS, (CPU_SECONDS, 0.0))
    times |= dict.fromkeys(("imagenet", "still", "shuffled"), (heads, 0.0))
    times |= {n: (heads, IMAGE_EPOCHS * UNLABELLED * PER_CLIP[n] * image / rate) for n in IMAGES}
    times |= {n: (tuned, VIDEO_EPOCHS * UNLABELLED * PER_CLIP.get(n, 1) * short / rate) for n in VIDEOS}
    times |= {"kinetics": (tuned, 0.0)}
    times |= {"dive-classification": (tuned / FINETUNE_EPOCHS, VIDEO_EPOCHS * LABELLED * short / rate)}
    print('about = "Made by tools/paper_times.py: one rate is measured, the rest is arithmetic."')
    for name, (run, pretraining) in sorted(times.items()):
        print(f'\n[method."{name}"]\nrun = {math.ceil(run)}\npretraining = {math.ceil(pretraining)}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
