"""Can motion disentangling be learnt on gym squats at all? What is known exactly, on the same triplets.

    python tools/md_oracle.py --clips 1100 --rendered 400

Triplets are those of ``md``: anchor and positive are one half of a repetition, the negative is the other,
one side runs backwards, each is shifted by a draw of its own. Printed is, for clips of sources that nothing
was learnt from, how often the positive is closer to the anchor than the negative, in several representations:

- ``joints``: exact positions of 17 joints in space, hips at the origin: plain distance, distance at the best
  relative shift, and a small temporal network trained with Eq. 1; ``between frames``: where halves are read
  between frames, so that no frame is read twice and repeats cannot give a half away;
- ``pose in the picture``: the same joints projected, each clip moved, turned, zoomed and mirrored by draws of
  its own as ``light`` does: what a perfect pose estimator would see; ``speeds`` is their mean speed alone;
- ``pixels``: frames, differences of frames, and features of a random R(2+1)D with and without a linear layer
  trained with Eq. 1, without augmentation and under ``light``.

No label is read. What came out stands in methods/md/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from md_trials import FRAMES, HALF, SIZE, _plans, halves, rendered

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHIFT, PASSES, BATCH = 3, 4, 64
_MIRRORED = [0, *(i for pair in range(1, 17, 2) for i in (pair + 1, pair))]


@dataclass(frozen=True)
class Exam:
    """Halves of each clip, who learns, who is asked, and whether whole frames are read."""

    halves: dict[int, Ints]
    learn: Ints
    watched: Ints
    whole: bool = True

    @classmethod
    def of(cls, heights: list[Floats], sources: npt.NDArray[np.str_]) -> Exam:
        """Whole sources are held out, as the trials do."""
        found = {i: half for i, height in enumerate(heights) if (half := halves(height, "time")) is not None}
        names = sorted(set(sources))
        held = set(np.random.default_rng(0).permutation(names)[: len(names) // 5].tolist())
        usable = np.array(sorted(found))
        aside = np.isin(sources[usable], sorted(held))
        return cls(found, usable[~aside], usable[aside])

    def draw(self, clips: Ints, shift: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
        """Clips ``(3N,)`` and positions in time ``(3N, HALF)``: anchors, positives, negatives."""
        ends = np.array([self.halves[i][:, [0, -1]] for i in clips], float)
        first, second = np.linspace(ends[..., 0], ends[..., 1], HALF, axis=-1).transpose(1, 0, 2)
        backwards = (rng.random(len(clips)) < 0.5)[:, None]
        first = np.where(backwards, first[:, ::-1], first)
        second = np.where(backwards, second, second[:, ::-1])
        frames = np.concatenate([first, first, second])
        size = len(frames), 1
        moved = rng.integers(-shift, shift + 1, size) if self.whole else rng.uniform(-shift, shift, size)
        frames = (np.rint(frames) if self.whole else frames) + moved * (rng.random(size) < 0.5)
        return np.tile(clips, 3), np.clip(frames, 0, FRAMES - 1)


Embed = Callable[[Ints, Floats, np.random.Generator], Any]
"""Embeddings ``(M, D)`` of clips and frames; it may draw an augmentation for each."""


def accuracy(exam: Exam, embed: Embed, shift: int = SHIFT, distance: Any = None) -> dict[str, float]:
    """Share of held-out triplets that come out right, ties counting half; its standard error over clips."""
    import torch

    rng, hits = np.random.default_rng(1), []
    for _ in range(PASSES):
        with torch.no_grad():
            a, p, n = np.split(np.asarray(embed(*exam.draw(exam.watched, shift, rng), rng), float), 3)
        far = _euclidean if distance is None else distance
        hits.append((np.sign(far(a, n) - far(a, p)) + 1) / 2)
    clips = np.mean(hits, axis=0)
    return {"accuracy": round(float(clips.mean()), 3), "se": round(float(clips.std() / len(clips) ** 0.5), 3)}


def trained(exam: Exam, module: Any, embed: Embed, steps: int) -> dict[str, float]:
    """Train ``module`` behind ``embed`` with Eq. 1 on the clips that learn; its held-out accuracy."""
    import torch

    from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss

    def embedded(clips: Ints, frames: Floats, rng: np.random.Generator) -> Any:
        return module(torch.as_tensor(np.asarray(embed(clips, frames, rng)), dtype=torch.float32))

    rng = np.random.default_rng(0)
    optimiser = torch.optim.AdamW(module.parameters(), 1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(steps):
        chosen = rng.choice(exam.learn, min(BATCH, len(exam.learn)), replace=False)
        loss = distance_ratio_loss(*embedded(*exam.draw(chosen, SHIFT, rng), rng).chunk(3))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    module.eval()
    return {**accuracy(exam, embedded), "loss": round(float(loss.detach()), 3)}


def temporal_network(width: int) -> Any:
    """Two temporal convolutions over ``HALF`` frames of standardised values, then 128 values."""
    from torch import nn

    return nn.Sequential(
        nn.BatchNorm1d(width, affine=False, momentum=0.05),
        nn.Unflatten(1, (1, HALF, width // HALF)),
        nn.Conv2d(1, 64, (3, width // HALF), padding=(1, 0)),
        nn.ReLU(),
        nn.Conv2d(64, 64, (3, 1), padding=(1, 0)),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * HALF, 128),
    )


def small_network(width: int) -> Any:
    """One hidden layer on standardised values, then 128 values."""
    from torch import nn

    norm = nn.BatchNorm1d(width, affine=False, momentum=0.05)
    return nn.Sequential(norm, nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 128))


def joints(count: int) -> None:
    """The oracles that see exact joints."""
    import torch

    from aqa_bench.datasets.synthetic_gym.clip import make_clip

    made = [make_clip(plan).annotation for plan in _plans(count)]
    space = np.stack([clip.keypoints_3d for clip in made])
    space = space - space[:, :, 11:13].mean(2, keepdims=True)
    picture = np.stack([clip.keypoints_2d[..., :2] for clip in made]) / SIZE
    exam = Exam.of([clip.bar_height for clip in made], np.array([clip.source for clip in made]))

    def exact(clips: Ints, frames: Floats, rng: np.random.Generator) -> Any:
        return _at(space, clips, frames).reshape(len(clips), -1)

    def seen(clips: Ints, frames: Floats, rng: np.random.Generator) -> Any:
        return light(_at(picture, clips, frames), rng).reshape(len(clips), -1)

    def speeds(clips: Ints, frames: Floats, rng: np.random.Generator) -> Any:
        moved = np.diff(light(_at(picture, clips, frames), rng), axis=1)
        return np.linalg.norm(moved, axis=-1).mean(2)

    say("joints, no shift", accuracy(exam, exact, shift=0))
    for how, asked in (("", exam), (", between frames", replace(exam, whole=False))):
        say(f"joints{how}", accuracy(asked, exact))
        say(f"joints, at the best relative shift{how}", accuracy(asked, exact, distance=_at_best_shift))
        say(f"pose in the picture{how}", accuracy(asked, seen))
        for name, embed, module in (
            ("joints", exact, lambda: temporal_network(HALF * 51)),
            ("pose in the picture", seen, lambda: temporal_network(HALF * 34)),
            ("speeds", speeds, lambda: small_network(HALF - 1)),
        ):
            torch.manual_seed(0)
            say(f"{name}, trained with Eq. 1{how}", trained(asked, module(), embed, 1200))


def _at(joints: Floats, clips: Ints, frames: Floats) -> Floats:
    """Positions of joints ``(M, HALF, J, ...)``, straight lines from frame to frame."""
    before = np.floor(frames).astype(np.int64)
    share = (frames - before)[..., None, None]
    after = np.minimum(before + 1, FRAMES - 1)
    found: Floats = joints[clips[:, None], before] * (1 - share) + joints[clips[:, None], after] * share
    return found


def light(x: Floats, rng: np.random.Generator) -> Floats:
    """Points ``(M, T, J, 2)`` in image sides under the geometry of ``light``, drawn for each clip."""
    n = len(x)
    mirrored = rng.random(n) < 0.5
    x = np.where(mirrored[:, None, None, None], x[:, :, _MIRRORED] * [-1, 1] + [1, 0], x) - 0.5
    angle = np.deg2rad(rng.uniform(-7, 7, n))
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(n, 1, 2, 2)
    zoom = rng.uniform(0.88, 1.12, (n, 1, 1, 1))
    moved: Floats = (x @ turn) * zoom + rng.uniform(-0.06, 0.06, (n, 1, 1, 2))
    return moved


def pixels(count: int, jobs: int) -> None:
    """The oracles that see rendered clips."""
    import torch
    from torch import nn

    from aqa_bench.learn.augment.presets import augmentation
    from aqa_bench.learn.backbones.videos import build_video_backbone

    clips = rendered(count, jobs, "cpu")
    exam = Exam.of(clips.heights, clips.sources)
    torch.manual_seed(0)
    network = build_video_backbone("r2plus1d-small", "random").eval()

    def frames_of(name: str) -> Embed:
        change = augmentation(name)

        def read(ids: Ints, frames: Floats, rng: np.random.Generator) -> Any:
            x = clips.frames[torch.from_numpy(ids)[:, None], torch.from_numpy(frames.astype(np.int64))]
            x = x.permute(0, 1, 4, 2, 3).float() / 255
            return change(x, torch.Generator().manual_seed(int(rng.integers(2**31))))

        return read

    for name in ("none", "light"):
        read = frames_of(name)
        parts = {
            "frames": lambda x: x.flatten(1),
            "differences of frames": lambda x: x.diff(dim=1).abs().flatten(1),
            "motion energy in 4 x 4 fields": lambda x: _fields(x.diff(dim=1).abs()),
            "random R(2+1)D": lambda x: torch.cat([network(part) for part in x.split(32)]),
        }
        for part, embed in parts.items():

            def through(
                i: Ints, f: Floats, r: np.random.Generator, read: Any = read, embed: Any = embed
            ) -> Any:
                return embed(read(i, f, r)).numpy()

            say(f"{part}, {name}", accuracy(exam, through))
        kept = _kept(exam, through, 6)
        torch.manual_seed(0)
        probe = nn.Sequential(nn.BatchNorm1d(kept.width, affine=False), nn.Linear(kept.width, 128))
        say(f"random R(2+1)D and a linear layer trained with Eq. 1, {name}", kept.probe(probe))


def _fields(x: Any) -> Any:
    import torch.nn.functional as F

    return F.adaptive_avg_pool2d(x.mean(2), 4).flatten(1)


@dataclass(frozen=True)
class Kept:
    """Features of triplets drawn once, since a network costs more than a layer: ``(P, 3, N, D)``."""

    learn: Any
    watched: Any

    @property
    def width(self) -> int:
        """Length of a feature."""
        return int(self.learn.shape[-1])

    def probe(self, module: Any) -> dict[str, float]:
        """Train the layer on those that learn; accuracy of the others."""
        import torch

        from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss

        optimiser = torch.optim.AdamW(module.parameters(), 1e-3, weight_decay=1e-2)
        for step in range(1000):
            a, p, n = self.learn[step % len(self.learn)]
            loss = distance_ratio_loss(*module(torch.cat([a, p, n])).chunk(3))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        module.eval()
        with torch.no_grad():
            hits = []
            for triplets in self.watched:
                a, p, n = (module(part).numpy().astype(float) for part in triplets)
                hits.append((np.sign(_euclidean(a, n) - _euclidean(a, p)) + 1) / 2)
        clips = np.mean(hits, axis=0)
        se = float(clips.std() / len(clips) ** 0.5)
        return {
            "accuracy": round(float(clips.mean()), 3),
            "se": round(se, 3),
            "loss": round(float(loss.detach()), 3),
        }


def _kept(exam: Exam, embed: Embed, passes: int) -> Kept:
    import torch

    def drawn(clips: Ints, seed: int, times: int) -> Any:
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            parts = [np.stack(np.split(embed(*exam.draw(clips, SHIFT, rng), rng), 3)) for _ in range(times)]
        return torch.from_numpy(np.stack(parts))

    return Kept(drawn(exam.learn, 0, passes), drawn(exam.watched, 1, PASSES))


def _euclidean(a: Floats, b: Floats) -> Floats:
    distance: Floats = np.linalg.norm(a - b, axis=1)
    return distance


def _at_best_shift(a: Floats, b: Floats) -> Floats:
    """Mean distance per frame where both overlap, at the best of the shifts that may have been drawn."""
    a, b = (x.reshape(len(x), HALF, -1) for x in (a, b))
    found = []
    for shift in range(-2 * SHIFT, 2 * SHIFT + 1):
        x, y = (a[:, shift:], b[:, : HALF - shift]) if shift >= 0 else (a[:, :shift], b[:, -shift:])
        found.append(np.linalg.norm(x - y, axis=2).mean(1))
    best: Floats = np.min(found, axis=0)
    return best


def say(name: str, figures: dict[str, float]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps({"oracle": name, **figures}) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=1100, help="clips whose joints are known")
    parser.add_argument("--rendered", type=int, default=0, help="clips to render; none where 0")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    joints(options.clips)
    if options.rendered:
        pixels(options.rendered, options.jobs)


if __name__ == "__main__":
    main()
