"""Our CVCSPC epoch beside the straightforward one, on the same clips and with the same network.

Run with ``OMP_NUM_THREADS=1``: what is compared is processor time, and neither loop is given a second core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn
from torchvision.transforms import v2

from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Media, Sample, Trajectory
from aqa_bench.core.task import Modality
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.pretraining.pretrain import Pretext
from aqa_bench.learn.pretraining.triplets import CrossClipTriplets
from aqa_bench.learn.training.distributed import World
from aqa_bench.learn.training.loop import fit
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import decode, encode

METHOD = find_method("cvcspc")

CPU = torch.device("cpu")
CLIPS, FRAMES, HEIGHT, WIDTH = 16, 111, 480, 640
"""A squat of Fitness-AQA has 111 frames (median); their size is not published, and VGA is a modest guess."""


@dataclass
class VideoClip(Media):
    """A clip on disk, as a video and as a folder of JPEG files of the frames that are asked for."""

    folder: Path
    provides: frozenset[Modality] = frozenset({Modality.FRAMES, Modality.TRAJECTORY})

    length = FRAMES

    @property
    def content_key(self) -> str:
        return self.folder.name

    @property
    def video(self) -> Path:
        return self.folder / "clip.mp4"

    def picture(self, index: int) -> Path:
        return self.folder / f"{index:05d}.jpg"

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        return decode(MediaFile(self.video), indices, size)

    def trajectory(self) -> Trajectory:
        elevation = np.abs(np.linspace(-1, 1, self.length)).astype(np.float32)
        return Trajectory(elevation, np.ones_like(elevation), self.length // 2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[VideoClip]:
    """Clips with a textured wall and a bar that goes down and up."""
    made = []
    for number in range(CLIPS):
        clip = VideoClip(tmp_path_factory.mktemp("clips") / str(number))
        clip.folder.mkdir()
        coarse = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
        wall = np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        frames = np.repeat(wall[None], FRAMES, axis=0)
        for frame, elevation in zip(frames, clip.trajectory().elevation, strict=True):
            top = int((1 - elevation) * 0.8 * HEIGHT)
            frame[top : top + 20, 60:-60] = 30
        encode(clip.video, frames)
        made.append(clip)
    return made


Read = Callable[[VideoClip, int], Image.Image]


def from_jpeg(clip: VideoClip, index: int) -> Image.Image:
    return Image.open(clip.picture(index)).convert("RGB")


def from_video(clip: VideoClip, index: int) -> Image.Image:
    """Open the video, seek to the key frame before, and decode up to the frame."""
    with av.open(str(clip.video)) as container:
        stream = container.streams.video[0]
        per_frame = 1 / (float(stream.average_rate) * float(stream.time_base))
        container.seek(int(index * per_frame), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and round(frame.pts / per_frame) >= index:
                return frame.to_image()
    raise IndexError(index)


@dataclass
class Triplet:
    """Clip and frame of anchor, positive and negative."""

    frames: tuple[tuple[VideoClip, int], ...]


def triplets_of(clips: Sequence[VideoClip], pool: FrameIndex) -> list[Triplet]:
    drawn = CrossClipTriplets(pool.elevations()).epoch(np.random.default_rng(0))
    parts = (drawn.anchor, drawn.positive, drawn.negative)
    triplets = [
        Triplet(tuple((clips[p.clips[row]], int(pool.indices[p.clips[row]][p.frames[row]])) for p in parts))
        for row in range(len(drawn))
    ]
    for clip, index in (frame for triplet in triplets for frame in triplet.frames):
        from_video(clip, index).save(clip.picture(index), quality=92)
    return triplets


def straightforward_epoch(
    network: nn.Module,
    triplets: Sequence[Triplet],
    batch_size: int,
    read: Read,
    transform: Callable[[Image.Image], Tensor],
) -> None:
    """Sample by sample: read, resize, augment; three forward passes; the loss in a loop."""
    optimizer = adam(network)
    network.train()
    for start in range(0, len(triplets), batch_size):
        batch = [
            [transform(read(*frame)) for frame in triplet.frames]
            for triplet in triplets[start : start + batch_size]
        ]
        embeddings = [network(torch.stack(part)) for part in zip(*batch, strict=True)]
        losses = []
        for anchor, positive, negative in zip(*embeddings, strict=True):
            near = torch.exp(-torch.linalg.vector_norm(anchor - positive))
            far = torch.exp(-torch.linalg.vector_norm(anchor - negative))
            losses.append(-torch.log(near / (near + far)))
        optimizer.zero_grad()
        torch.stack(losses).mean().backward()
        optimizer.step()


def adam(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 1e-4)


def cpu_seconds(function: Callable[[], object], rounds: int = 1) -> float:
    """Least processor time."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


def plain(backbone: ImageBackbone) -> ImageBackbone:
    """The same network on images as PyTorch lays them out by default, channels first."""
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    backbone.normalise = lambda images: v2.functional.normalize(images, mean, std)  # type: ignore[method-assign]
    return backbone.to(memory_format=torch.contiguous_format)


LIGHT = (
    v2.RandomHorizontalFlip(),
    v2.RandomAffine(7, (0.06, 0.06), (0.88, 1.12), interpolation=v2.InterpolationMode.BILINEAR),
    v2.ColorJitter(0.3, 0.3, 0.3, 0.02),
)


@pytest.mark.benchmark(group="CVCSPC epoch beside the straightforward one")
@pytest.mark.parametrize(
    ("recipe", "backbone", "side", "used"),
    [("paper", "resnet18", 112, 16), ("paper", "resnet18", 224, 8), ("quick", "efficientnet-lite0", 96, 16)],
)
def test_epoch(
    benchmark: BenchmarkFixture,
    clips: list[VideoClip],
    tmp_path: Path,
    recipe: str,
    backbone: str,
    side: int,
    used: int,
) -> None:
    kind, chosen, batch_size = METHOD.load(), clips[:used], 8
    texts = ["weights=random", f"resize={side}", "crop=null", f"batch_size={batch_size}"]
    loaded = load_recipe(METHOD.folder, kind.recipe_type(), recipe).with_overrides(texts, "benchmark")
    samples = [Sample(clip.content_key, clip.content_key, clip) for clip in chosen]
    pool = FrameIndex(samples, loaded.frame_spec(loaded.pool_frames))
    decoding = cpu_seconds(lambda: pool.prepare(tmp_path, CPU))
    torch.manual_seed(0)

    def pretext(built: ImageBackbone) -> Pretext:
        return kind(loaded).pretext(built, pool, 0)

    trained = pretext(build_backbone(backbone, "random").freeze(loaded.freeze))
    draws, optimizer = trained.batches(batch_size, World()), adam(trained.network)

    def ours() -> None:
        fit(trained.network, draws, trained.loss, optimizer=optimizer, epochs=1, device=CPU)

    triplets = triplets_of(chosen, pool)
    augment = LIGHT if recipe == "quick" else ()
    transform = v2.Compose(
        [v2.Resize((side, side)), *augment, v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    )

    def theirs(read: Read, frozen: int) -> float:
        network = pretext(plain(build_backbone(backbone, "random").freeze(frozen))).network
        return cpu_seconds(lambda: straightforward_epoch(network, triplets, batch_size, read, transform), 2)

    epoch = cpu_seconds(ours, 3)
    frames, videos = (theirs(read, loaded.freeze) for read in (from_jpeg, from_video))
    benchmark.extra_info |= {
        "epoch, s": round(epoch, 3),
        "decoding once, s": round(decoding, 3),
        "times faster than from JPEG files": round(frames / epoch, 2),
        "times faster than from videos": round(videos / epoch, 2),
    }
    if loaded.freeze:
        whole = theirs(from_jpeg, 0)
        benchmark.extra_info["times faster than from JPEG files with no stage frozen"] = round(
            whole / epoch, 2
        )
    benchmark.pedantic(ours, rounds=1)
    # The network is most of either epoch; what its share leaves is all that can be gained.
    assert frames > 0.9 * epoch
    assert videos > epoch
