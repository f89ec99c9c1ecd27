"""Frames of an unlabelled pool, any of them at any time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.learn.features.frames import FrameSpec, frame_indices, read_frames
from aqa_bench.media.clips import Indices

if TYPE_CHECKING:
    from aqa_bench.media.frame_store import FrameStore
    from aqa_bench.media.geometry import Fit

__all__ = ["FrameIndex"]

_log = logging.getLogger(__name__)


class FrameIndex:
    """An index over the frames of clips, addressed by clip number and position among the kept frames.

    Frames come from the media themselves, clip by clip, unless :meth:`prepare` has put them where any
    one is an array read: in memory (the GPU's, if there is one) where they fit, else in a
    memory-mapped file. Only a batch is in memory otherwise.

    Args:
        samples: The pool.
        spec: Which frames of a clip are kept, and their size.

    Attributes:
        indices: Numbers of the kept frames of each clip.
    """

    def __init__(self, samples: Sequence[Sample], spec: FrameSpec) -> None:
        self.samples = tuple(samples)
        self.spec = spec
        self.indices: tuple[Indices, ...] = tuple(frame_indices(sample, spec) for sample in samples)
        lengths = [len(indices) for indices in self.indices]
        # Clips lie one behind the other, so that a clip and a position become
        # one row number by an addition.
        self._starts = np.cumsum([0, *lengths])
        self._memory: Tensor | None = None
        self._store: FrameStore | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def lengths(self) -> Indices:
        """Number of kept frames of each clip, ``(n,)``."""
        return np.diff(self._starts).astype(np.int64)

    @property
    def nbytes(self) -> int:
        """Bytes of all kept frames, decoded."""
        return int(self._starts[-1]) * self.spec.side**2 * 3

    @property
    def is_fast(self) -> bool:
        """Whether a frame is an array read."""
        return self._memory is not None or self._store is not None

    def elevations(self) -> list[npt.NDArray[np.float32]]:
        """Elevation of the bar in the kept frames of each clip; empty where it has no usable trajectory."""
        return [_elevation(s, kept) for s, kept in zip(self.samples, self.indices, strict=True)]

    def read(self, clips: npt.ArrayLike, frames: npt.ArrayLike) -> Tensor:
        """Frames of clips.

        Args:
            clips: ``(N,)`` clip numbers.
            frames: ``(N,)`` positions among the kept frames of those clips.

        Returns:
            ``(N, side, side, 3)`` uint8 RGB, on the CPU or where :meth:`prepare` put the pool.

        Raises:
            DataError: There is no such frame, or it cannot be read.
        """
        clip, frame = np.asarray(clips, np.int64), np.asarray(frames, np.int64)
        self._check(clip, frame)
        if self._memory is not None:
            rows = torch.from_numpy(self._starts[clip] + frame)
            return self._memory.index_select(0, rows.to(self._memory.device, non_blocking=True))
        images = np.empty((len(clip), self.spec.side, self.spec.side, 3), np.uint8)
        # Clip by clip, since opening a video costs more than another frame of it.
        for number in np.unique(clip).tolist():
            rows_of_clip = np.flatnonzero(clip == number)
            images[rows_of_clip] = self._clip(number, frame[rows_of_clip])
        return torch.from_numpy(images)

    def prepare(
        self,
        folder: Path,
        device: torch.device,
        *,
        budget: int = 2 << 30,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> None:
        """Decode every clip once, so that :meth:`read` need not.

        Args:
            folder: Where memory-mapped frames may lie; other runs share them.
            device: Where frames are needed. On a GPU they may take half of the memory that is free.
            budget: Bytes that they may take in the CPU's memory.
            jobs: Processes that decode into the memory-mapped file.
            progress: Where to show progress.

        Raises:
            DataError: A clip cannot be read.
            AqaBenchError: The folder cannot be written to or the disk is full.
        """
        if device.type == "cuda":
            # The other half is for the network, its gradients and activations, which are not allocated yet.
            budget = torch.cuda.mem_get_info(device)[0] // 2
        if self.nbytes <= budget:
            self._memory = self._load(progress or NullProgress()).to(device)
            return
        from aqa_bench.media.frame_store import build

        _log.info("%.1f GB of frames go to %s", self.nbytes / 1e9, folder)
        keys = [sample.media.content_key for sample in self.samples]
        readers = {key: _Clip(s, self.spec) for key, s in zip(keys, self.samples, strict=True)}
        # Sorted, so that the same clips in another order find the store that another run has built.
        identity = canonical_json([self.spec.document(), sorted(readers)])
        fingerprint = sha256_bytes(identity.encode())
        self._store = build(
            readers, folder, self.spec.side, fingerprint=fingerprint, jobs=jobs, progress=progress
        )

    def _load(self, progress: Progress) -> Tensor:
        side = self.spec.side
        memory = np.empty((int(self._starts[-1]), side, side, 3), np.uint8)
        progress.start("reading frames", len(self))
        try:
            for number, sample in enumerate(self.samples):
                memory[self._starts[number] : self._starts[number + 1]] = read_frames(sample, self.spec)
                progress.advance(1)
        finally:
            progress.close()
        return torch.from_numpy(memory)

    def _clip(self, number: int, frames: Indices) -> UInt8Array:
        sample = self.samples[number]
        if self._store is not None:
            return self._store.frames(sample.media.content_key, frames)
        # Decoders want ascending numbers, each once; searchsorted puts the frames
        # back into the order asked for.
        wanted = np.unique(frames)
        images = read_frames(sample, self.spec, indices=self.indices[number][wanted])
        return images[np.searchsorted(wanted, frames)]

    def _check(self, clips: Indices, frames: Indices) -> None:
        ok = clips.shape == frames.shape and clips.ndim == 1
        if ok and len(clips):
            ok = bool((clips >= 0).all() and (clips < len(self)).all() and (frames >= 0).all())
            ok = ok and bool((frames < self.lengths[clips]).all())
        if not ok:
            raise DataError(
                "The pool has no such frames.",
                expected=f"clips 0..{len(self) - 1} and positions within them, one per clip",
                found=f"clips {clips.tolist()[:5]}, positions {frames.tolist()[:5]}",
            )


@dataclass(frozen=True, slots=True)
class _Clip:
    """A clip as a frame store reads it."""

    sample: Sample
    spec: FrameSpec

    def __len__(self) -> int:
        return len(frame_indices(self.sample, self.spec))

    def __call__(self, size: int, fit: Fit) -> UInt8Array:
        return read_frames(self.sample, self.spec)


def _elevation(sample: Sample, kept: Indices) -> npt.NDArray[np.float32]:
    try:
        # A clip whose bar cannot be followed is left out by the sampler, which
        # counts why; it is no error here.
        return sample.media.trajectory().elevation[kept]
    except (DataError, IndexError) as error:
        _log.debug("no trajectory: %s", error)
        return np.zeros(0, np.float32)
