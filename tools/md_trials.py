"""Does motion disentangling learn from random weights? Trials on new gym squats, by held-out triplets.

    python tools/md_trials.py --device cuda --clips 1100 --jobs 15 --out trials.jsonl

Every trial trains R(2+1)D of reduced size on triplets of half-cycles and prints, for clips of sources that it
did not learn from, how often the positive is closer to the anchor than the negative: under its own
augmentation, under ``light`` with draws of its own for each clip, and without augmentation. No label is read.
What came out on one GPU stands in methods/md/README.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE, FRAMES, HALF, EMBEDDING, TEMPERATURE = 96, 32, 16, 128, 0.1
PRESET = "md-trials"


@dataclass(frozen=True)
class Trial:
    """What is changed.

    Attributes:
        augmentation: Name of the augmentation.
        shared: Until which share of the steps all three clips of a triplet get the same draws.
        at: Frames of a half-cycle at equal distances in ``time`` or in ``elevation``.
        crop: Whether clips are cut to a box around what moves.
        unit: Whether embeddings lie on the unit sphere.
        warm: Steps of telling four transformations of time apart before the first triplet.
        shift: Largest shift of a clip in time, in frames.
        differences: Whether the network sees differences of successive frames in place of frames.
        negatives: ``own``: Eq. 1, against the other half of the same clip; ``batch``: cross-entropy over the
            other halves and the clips of the whole batch (InfoNCE, temperature .1, on the unit sphere).
        steps: Steps on triplets.
        batch: Triplets per step.
        lr: Learning rate.
    """

    augmentation: str = "light"
    shared: float = 0.0
    at: str = "time"
    crop: bool = False
    unit: bool = True
    warm: int = 0
    shift: int = 3
    differences: bool = False
    negatives: str = "own"
    steps: int = 800
    batch: int = 16
    lr: float = 1e-3


TRIALS = {
    "as the recipe quick": Trial(augmentation="strong"),
    "light augmentation": Trial(),
    "light, no unit sphere": Trial(unit=False),
    "no augmentation": Trial(augmentation="none"),
    "strong, same draws for a triplet": Trial(augmentation="strong", shared=1.0),
    "light, same draws for a triplet": Trial(shared=1.0),
    "light, same draws in the first half": Trial(shared=0.5),
    "light, after a warm start": Trial(unit=False, warm=500),
    "light, equal elevations": Trial(unit=False, at="elevation"),
    "light, negatives of the batch": Trial(negatives="batch"),
    "light, differences of frames": Trial(unit=False, differences=True),
    "light, differences of frames, negatives of the batch": Trial(differences=True, negatives="batch"),
    "light, crop of what moves": Trial(unit=False, crop=True),
    "light, crop, equal elevations": Trial(unit=False, crop=True, at="elevation"),
    "light, crop, equal elevations, no shift": Trial(unit=False, crop=True, at="elevation", shift=0),
}


@dataclass
class Clips:
    """Rendered clips: frames on the device, heights of the bar and sources on the CPU."""

    frames: Any
    heights: list[npt.NDArray[np.float64]]
    sources: npt.NDArray[np.str_]
    crops: Any = field(default=None)


@cache
def _plans(count: int) -> list[Any]:
    from aqa_bench.datasets.synthetic_gym import clip, plan, presets

    squats = MappingProxyType({"backsquat": (count, 0), "overhead-press": (0, 0), "barbell-row": (0, 0)})
    known = {**presets.PRESETS, PRESET: presets.Preset(PRESET, SIZE, FRAMES, squats)}
    presets.PRESETS = clip.PRESETS = MappingProxyType(known)
    return plan.plan_clips(PRESET, "backsquat")


def _render(job: tuple[int, int, str, int]) -> tuple[Any, Any, str]:
    number, count, device, size = job
    import torch

    torch.set_num_threads(1)
    from aqa_bench.datasets.synthetic_gym.clip import make_clip, make_shot
    from aqa_bench.datasets.synthetic_gym.render import render_shot

    made = make_clip(_plans(count)[number])
    frames = render_shot(make_shot(made), size, 2, device).frames.numpy()
    return frames, np.asarray(made.annotation.bar_height), made.annotation.source


def rendered(count: int, jobs: int, device: str, size: int = SIZE) -> Clips:
    """Render clips of a preset that no dataset has."""
    import torch

    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        made = pool.map(_render, [(i, count, device, size) for i in range(len(_plans(count)))], chunksize=8)
    frames = torch.from_numpy(np.stack([clip[0] for clip in made])).to(device)
    clips = Clips(frames, [clip[1] for clip in made], np.array([clip[2] for clip in made]))
    clips.crops = torch.tensor([_moving_box(clip) for clip in frames], device=device)
    return clips


def _moving_box(clip: Any) -> list[float]:
    change = clip.float().mean(-1).std(0)
    rows, columns = (change > change.flatten().quantile(0.9)).nonzero(as_tuple=True)
    (top, bottom), (left, right) = (
        [float(axis.float().quantile(q)) for q in (0.02, 0.98)] for axis in (rows, columns)
    )
    reach = max(bottom - top, right - left) * 0.6 + 2
    return [(left + right) / 2 - reach, (top + bottom) / 2 - reach, 2 * reach]


def halves(height: npt.NDArray[np.float64], at: str) -> npt.NDArray[np.int64] | None:
    """Frames ``(2, HALF)`` of the way down and the way up; None where one is too short."""
    elevation = (height - height.min()) / np.ptp(height)
    turn = int(elevation.argmin())
    if turn < 7 or len(height) - turn < 8:
        return None
    if at == "time":
        down, up = np.linspace(0, turn, HALF), np.linspace(turn, len(height) - 1, HALF)
        return np.stack([down, up]).round().astype(np.int64)
    levels = np.linspace(min(elevation[0], elevation[-1]), 0.0, HALF)
    down = [int(np.abs(elevation[: turn + 1] - level).argmin()) for level in levels]
    up = [turn + int(np.abs(elevation[turn:] - level).argmin()) for level in levels]
    return np.array([down, up[::-1]], np.int64)


def run(trial: Trial, clips: Clips, device: str) -> dict[str, Any]:
    """Train one network; accuracies before, half-way and after."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    from aqa_bench.learn.augment.presets import augmentation
    from aqa_bench.learn.backbones.videos import build_video_backbone
    from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    found = [halves(height, trial.at) for height in clips.heights]
    sources = sorted(set(clips.sources))
    held = set(np.random.default_rng(0).permutation(sources)[: len(sources) // 5].tolist())
    usable = [i for i, half in enumerate(found) if half is not None]
    learn = np.array([i for i in usable if clips.sources[i] not in held])
    watched = np.array([i for i in usable if clips.sources[i] in held])
    backbone = build_video_backbone("r2plus1d-small", "random").to(device).train()
    projection = nn.Linear(backbone.num_features, EMBEDDING).to(device)
    classes = nn.Linear(backbone.num_features, 4).to(device)

    def read(chosen: npt.NDArray[np.int64], draws: np.random.Generator) -> Any:
        first, second = (np.stack([found[i][side] for i in chosen]) for side in (0, 1))  # type: ignore[index]
        backwards = (draws.random(len(chosen)) < 0.5)[:, None]
        first = np.where(backwards, first[:, ::-1], first)
        second = np.where(backwards, second, second[:, ::-1])
        frames, ids = np.concatenate([first, first, second]), np.concatenate([chosen] * 3)
        shift = draws.integers(-trial.shift, trial.shift + 1, (len(ids), 1)) * (
            draws.random((len(ids), 1)) < 0.5
        )
        frames = np.clip(frames + shift, 0, FRAMES - 1)
        x = clips.frames[torch.from_numpy(ids)[:, None].to(device), torch.from_numpy(frames).to(device)]
        return _cropped(x, clips.crops[torch.from_numpy(ids).to(device)]) if trial.crop else x

    def augmented(x: Any, name: str, same: bool, seed: int) -> Any:
        parts = x.chunk(3) if same else (x,)
        drawn = [augmentation(name)(part, torch.Generator().manual_seed(seed)) for part in parts]
        return torch.cat(drawn)

    def embedded(x: Any) -> Any:
        x = x.diff(dim=1, append=x[:, -1:]) if trial.differences else x
        with torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda")):
            features = backbone(x)
        z = projection(features.float())
        return F.normalize(z, dim=1) if trial.unit else z

    @torch.no_grad()
    def accuracy(name: str, same: bool) -> float:
        backbone.eval()
        draws, hits = np.random.default_rng(1), []
        for start in (*range(0, len(watched), 32), *range(0, len(watched), 32)):
            x = augmented(read(watched[start : start + 32], draws), name, same, start)
            anchor, positive, negative = embedded(x).chunk(3)
            hits += ((anchor - negative).norm(dim=1) > (anchor - positive).norm(dim=1)).tolist()
        backbone.train()
        return round(float(np.mean(hits)), 3)

    def accuracies() -> dict[str, float]:
        own = accuracy(trial.augmentation, trial.shared >= 1)
        return {"own": own, "light": accuracy("light", False), "none": accuracy("none", False)}

    def warm_loss(seed: int) -> Any:
        chosen = rng.choice(learn, trial.batch, replace=False)
        kinds = rng.integers(4, size=trial.batch)
        order = torch.from_numpy(np.stack([_transformed(kind, rng) for kind in kinds])).to(device)
        x = read(chosen, rng)[: trial.batch][torch.arange(trial.batch, device=device)[:, None], order]
        with torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda")):
            features = backbone(augmented(x, "light", False, seed))
        return F.cross_entropy(classes(features.float()), torch.from_numpy(kinds).to(device))

    def triplet_loss(step: int) -> Any:
        chosen = rng.choice(learn, trial.batch, replace=False)
        same = step < trial.shared * trial.steps
        x = augmented(read(chosen, rng), trial.augmentation, same, step)
        anchor, positive, negative = embedded(x).chunk(3)
        if trial.negatives == "own":
            return distance_ratio_loss(anchor, positive, negative)
        logits = anchor @ torch.cat([positive, negative]).T / TEMPERATURE
        return F.cross_entropy(logits, torch.arange(len(anchor), device=device))

    return _trained(trial, [backbone, projection, classes], warm_loss, triplet_loss, accuracies)


def _cropped(x: Any, boxes: Any) -> Any:
    import torch
    import torch.nn.functional as F

    y = x.permute(0, 1, 4, 2, 3).float() / 255
    size = x.shape[2]
    steps = torch.linspace(0, 1, size, device=x.device)
    columns, rows = ((boxes[:, i : i + 1] + boxes[:, 2:] * steps) / size * 2 - 1 for i in (0, 1))
    shape = (len(x), size, size)
    grid = torch.stack([columns[:, None, :].expand(shape), rows[:, :, None].expand(shape)], dim=-1)
    return F.grid_sample(y.flatten(1, 2), grid, align_corners=False, padding_mode="border").view(y.shape)


def _transformed(kind: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    order = np.arange(HALF)
    if kind == 1:
        order = np.concatenate([order[::2], order[::-2]])
    elif kind == 2:
        order = rng.permutation(order)
    elif kind == 3:
        order = np.full(HALF, HALF // 2)
    return order.astype(np.int64)


def _trained(
    trial: Trial,
    modules: list[Any],
    warm_loss: Callable[[int], Any],
    triplet_loss: Callable[[int], Any],
    accuracies: Callable[[], dict[str, float]],
) -> dict[str, Any]:
    import torch

    total, started = trial.warm + trial.steps, time.perf_counter()
    optimiser = torch.optim.AdamW([p for module in modules for p in module.parameters()], trial.lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / 50) * (1 + np.cos(np.pi * min(s / total, 1.0))) / 2
    )
    seen, losses = [accuracies()], []
    for step in range(total):
        loss = warm_loss(step) if step < trial.warm else triplet_loss(step - trial.warm)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.detach())
        if step + 1 in (trial.warm + trial.steps // 2, total):
            seen.append(accuracies())
    first, last = (round(float(torch.stack(part).mean()), 3) for part in (losses[:50], losses[-50:]))
    seconds = round(time.perf_counter() - started, 1)
    return {"accuracy": seen, "loss": [first, last], "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("trials", nargs="*", help="names of trials; all where none is given")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clips", type=int, default=1100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--size", type=int, default=SIZE, help="side of the frames in pixels")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    clips = rendered(options.clips, options.jobs, options.device, options.size)
    for name in options.trials or TRIALS:
        line = json.dumps({"trial": name, **run(TRIALS[name], clips, options.device)})
        print(line, flush=True)
        if options.out is not None:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
