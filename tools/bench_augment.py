"""Time augmentation beside the training step that it feeds: CVCSPC's, ResNet-18 on triplets of frames.

Run ``python tools/bench_augment.py --device cuda``. The bare step (network, loss, backward, Adam) gets
pictures that are ready; every other line gets decoded frames on the device, augments and crops them, and
takes the same step. ``waits`` counts how often one batch of augmentation makes the host wait for a GPU.
``--graph`` and ``--compile`` add the bare step as a CUDA graph and with a compiled network.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.losses.distance_ratio import distance_ratio_loss
from aqa_bench.learn.pretraining.triplets import EmbeddingNetwork, FrameTriplets
from aqa_bench.learn.training.device import Precision, autocast

__all__ = ["PRESETS", "Bench", "host_waits", "main"]

PRESETS = ("none", "top-mask", "light", "strong", "strong-unmirrored", "simsiam")


def host_waits(once: Callable[[], object], device: torch.device) -> int | None:
    """How often a call makes the host wait for the GPU, once it is warm; None where there is none."""
    if device.type != "cuda":
        return None
    once()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            once()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


@dataclass(frozen=True)
class Bench:
    """What is timed, and for how long.

    Attributes:
        device: Where to compute.
        precision: Arithmetic of the network.
        triplets: Triplets per step; three frames each.
        resize: Side of the decoded frames, in pixels.
        crop: Side of what the network sees.
        steps: Steps of a block.
        blocks: Timed blocks, after one that is not.
    """

    device: torch.device
    precision: Precision
    triplets: int
    resize: int
    crop: int
    steps: int
    blocks: int

    def network(self) -> nn.Module:
        """ResNet-18 with random weights, and the projection."""
        torch.manual_seed(0)
        network = EmbeddingNetwork.of(build_backbone("resnet18", "random"), FrameTriplets(), self.crop)
        return network.to(self.device).train()

    def frames(self) -> Tensor:
        """Decoded frames ``(3 triplets, resize, resize, 3)`` on the device."""
        shape = (3 * self.triplets, self.resize, self.resize, 3)
        return torch.randint(0, 256, shape, dtype=torch.uint8).to(self.device)

    def ready(self) -> Tensor:
        """Pictures ``(3 triplets, 3, crop, crop)`` in [0, 1] on the device."""
        return torch.rand(3 * self.triplets, 3, self.crop, self.crop).to(self.device)

    def step(
        self, network: nn.Module, pictures: Callable[[], Tensor], *, capturable: bool = False
    ) -> Callable[[], None]:
        """One step of training on the pictures of a call."""
        optimizer = torch.optim.Adam(network.parameters(), 1e-4, capturable=capturable)

        def once() -> None:
            optimizer.zero_grad(set_to_none=True)
            with autocast(self.device, self.precision):
                loss = distance_ratio_loss(*torch.chunk(network(pictures()), 3))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

        return once

    def milliseconds(self, once: Callable[[], object]) -> float:
        """Median time per call over the blocks."""
        times = []
        for _ in range(self.blocks + 1):
            self.wait()
            start = time.perf_counter()
            for _ in range(self.steps):
                once()
            self.wait()
            times.append((time.perf_counter() - start) * 1e3 / self.steps)
        return statistics.median(times[1:])

    def wait(self) -> None:
        """Until the device has done everything."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def graph(self) -> Callable[[], None]:
        """The bare step as one CUDA graph."""
        picture = self.ready()
        once = self.step(self.network(), lambda: picture, capturable=True)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                once()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            once()
        return graph.replay


def main(arguments: Sequence[str]) -> int:
    """Print one line per step: milliseconds, ratio to the bare step, augmentation alone, waits."""
    options = _parser().parse_args(arguments)
    device = torch.device(options.device)
    if device.type != "cuda" and options.graph:
        print("--graph needs --device cuda", file=sys.stderr)
        return 2
    precision = Precision(options.precision) if options.precision else Precision.default(device)
    sizes = (options.triplets, options.resize, options.crop, options.steps, options.blocks)
    bench = Bench(device, precision, *sizes)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(
        f"{name}, torch {torch.__version__}, {precision.value}, {3 * bench.triplets} frames, "
        f"{bench.resize} to {bench.crop} px, median of {bench.blocks} x {bench.steps} steps"
    )
    print(f"{'step':<20}{'ms':>9}{'ratio':>8}{'alone ms':>10}{'waits':>7}")
    picture, frames = bench.ready(), bench.frames()
    bare = bench.milliseconds(bench.step(bench.network(), lambda: picture))
    _line("bare", bare, bare)
    if options.graph:
        _line("bare, CUDA graph", bench.milliseconds(bench.graph()), bare)
    if options.compile:
        compiled: nn.Module = torch.compile(bench.network())
        _line("bare, compiled", bench.milliseconds(bench.step(compiled, lambda: picture)), bare)
    for preset in options.presets:
        augment, generator = augmentation(preset, crop=bench.crop), torch.Generator().manual_seed(0)

        def augmented(augment: Callable[..., Tensor] = augment, draws: torch.Generator = generator) -> Tensor:
            return augment(frames, draws)

        alone = bench.milliseconds(augmented)
        whole = bench.milliseconds(bench.step(bench.network(), augmented))
        _line(preset, whole, bare, alone, host_waits(augmented, bench.device))
    return 0


def _line(name: str, spent: float, bare: float, alone: float | None = None, waits: int | None = None) -> None:
    rest = f"{'' if alone is None else f'{alone:.2f}':>10}{'' if waits is None else waits:>7}"
    print(f"{name:<20}{spent:>9.2f}{spent / bare:>8.2f}{rest}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=[p.value for p in Precision], help="of the network")
    parser.add_argument("--triplets", type=int, default=25)
    parser.add_argument("--resize", type=int, default=320)
    parser.add_argument("--crop", type=int, default=224)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=PRESETS)
    parser.add_argument("--graph", action="store_true", help="also the bare step as a CUDA graph")
    parser.add_argument("--compile", action="store_true", help="also the bare step with a compiled network")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
