"""Frames of an unlabelled pool, any of them at any time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample, UInt8Array
from aqa_bench.learn.features.frames import FrameSpec, frame_indices, read_frames
from aqa_bench.learn.training.device import uploaded
from aqa_bench.media.clips import Indices

if TYPE_CHECKING:
    from aqa_bench.learn.features.frame_cost import FrameCost
    from aqa_bench.media.frame_store import ClipFile, Filled, FrameStore

__all__ = ["FrameIndex"]

_log = logging.getLogger(__name__)


class FrameIndex:
    """An index over the frames of clips, addressed by clip number and position among the kept frames.

    Frames come from the media themselves, clip by clip, unless :meth:`prepare` has put them where any
    one is an array read: in memory (the GPU's, if there is one) where they fit, else in a frame store that
    all runs share. Only a batch is in memory otherwise.

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
        self._starts = np.cumsum([0, *lengths])
        self._threads = 1
        self._on_gpu = False
        self._memory: Tensor | None = None
        self._store: FrameStore | None = None
        self._files: tuple[ClipFile, ...] = ()
        self._storage = "on the fly"

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

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Content key of each clip."""
        return tuple(sample.media.content_key for sample in self.samples)

    @property
    def storage(self) -> str:
        """What frames are read from: ``memory``, ``raw``, ``jpeg q95`` or ``on the fly``."""
        return self._storage

    @property
    def is_fast(self) -> bool:
        """Whether reading a frame is copying it, so that nothing is gained by reading ahead."""
        return self._memory is not None or (self._store is not None and self._store.encoding.is_exact)

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
            return self._memory.index_select(0, uploaded(rows, self._memory.device))
        from aqa_bench.media.frame_store import read_rows, unordered

        shape = (len(clip), self.spec.side, self.spec.side, 3)
        # Read into page-locked memory for a GPU, or the batch would be copied there first.
        read = torch.empty(shape, dtype=torch.uint8, pin_memory=self._on_gpu)
        images = read.numpy()
        if self._store is not None:
            read_rows(self._files, clip, frame, images, self._threads)
            return read

        def decode(number: int) -> None:
            rows_of_clip = np.flatnonzero(clip == number)
            images[rows_of_clip] = self._clip(number, frame[rows_of_clip])

        for _ in unordered(decode, np.unique(clip).tolist(), self._threads):
            pass
        return read

    def prepare(
        self,
        folder: Path,
        device: torch.device,
        *,
        budget: int | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
        frames_needed: int | None = None,
    ) -> FrameCost:
        """Decode every clip once, so that :meth:`read` need not.

        Where frames go is what :func:`~aqa_bench.learn.features.frame_cost.frame_cost` says of the same
        arguments. It is logged before anything is decoded.

        Args:
            folder: Where decoded frames may lie; other runs share them.
            device: Where frames are needed. On a GPU they may take half of the memory that is free.
            budget: Bytes that they may take in the CPU's memory; 2 GB by default.
            jobs: Threads that decode, here and in :meth:`read`; as many as PyTorch uses by default.
            progress: Where to show progress.
            frames_needed: Frames that the whole training will read. Where decoding these when they are wanted
                is less work than decoding all, and all do not fit in memory, nothing is prepared.

        Returns:
            What was done.

        Raises:
            DataError: A clip cannot be read, or there is not enough space.
            AqaBenchError: The folder cannot be written to.
        """
        from aqa_bench.learn.features.frame_cost import CPU_BUDGET, FramePlace, frame_cost, stored_frames
        from aqa_bench.media.frame_store import FrameStore, keeper_of

        progress = progress or NullProgress()
        self._threads = jobs or torch.get_num_threads()
        self._on_gpu = device.type == "cuda"
        keeper = keeper_of([sample.media for sample in self.samples])
        folder = folder if keeper is None else keeper.frames
        budget = CPU_BUDGET if budget is None else budget
        cost = frame_cost(self, device, folder, budget=budget, frames_needed=frames_needed)
        _log.info("%s", cost)
        store: FrameStore | None = None
        files: tuple[ClipFile, ...] = ()
        if cost.encoding is not None:
            store = FrameStore(folder, stored_frames(self.spec), cost.encoding)
            files = self._complete(
                self._filled(store, progress)
                if keeper is None
                else keeper.fill([s.media for s in self.samples], store.stored, store.encoding, self._threads)
            )
        if cost.place is FramePlace.MEMORY:
            self._memory = self._load(device, files, progress)
        else:
            self._store, self._files = store, files
        self._storage = cost.storage
        return cost

    def _filled(self, store: FrameStore, progress: Progress) -> Filled:
        from aqa_bench.media.frame_store import fill

        readers = {key: _Clip(s, self.spec) for key, s in zip(self.keys, self.samples, strict=True)}
        return fill(store, readers, threads=self._threads, progress=progress)

    def _complete(self, filled: Filled) -> tuple[ClipFile, ...]:
        if filled.skipped:
            key, reason = next(iter(filled.skipped.items()))
            raise DataError(
                f"{len(filled.skipped)} of {len(self)} clips cannot be decoded.",
                where=f"clip {key[:16]}",
                expected="readable clips",
                found=reason,
                remedy="Replace the damaged files, then prepare the dataset again.",
            )
        return tuple(filled.clips[key] for key in self.keys)

    def _load(self, device: torch.device, files: Sequence[ClipFile], progress: Progress) -> Tensor:
        from aqa_bench.media.frame_store import unordered

        side = self.spec.side
        memory = torch.empty((int(self._starts[-1]), side, side, 3), dtype=torch.uint8, device=device)

        def frames_of(number: int) -> tuple[int, UInt8Array]:
            if not files:
                return number, read_frames(self.samples[number], self.spec)
            images = np.empty((files[number].frames, side, side, 3), np.uint8)
            files[number].read(range(len(images)), images, range(len(images)))
            return number, images

        progress.start("reading frames", len(self))
        try:
            for number, images in unordered(frames_of, range(len(self)), self._threads):
                memory[self._starts[number] : self._starts[number + 1]] = torch.from_numpy(images)
                progress.advance(1)
        finally:
            progress.close()
        return memory

    def _clip(self, number: int, frames: Indices) -> UInt8Array:
        wanted = np.unique(frames)
        images = read_frames(self.samples[number], self.spec, indices=self.indices[number][wanted])
        return images[np.searchsorted(wanted, frames)]

    def _check(self, clips: Indices, frames: Indices) -> None:
        ok = clips.shape == frames.shape and clips.ndim == 1
        if ok and len(clips):
            ok = bool((clips >= 0).all() and (clips < len(self)).all() and (frames >= 0).all())
            ok = ok and bool((frames < self.lengths[clips]).all())
        if not ok:
            raise DataError(
                "The pool does not have these frames.",
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

    def __call__(self) -> UInt8Array:
        images = read_frames(self.sample, self.spec)
        # A still image is each of its frames.
        return np.repeat(images, len(self), axis=0) if len(images) == 1 else images


def _elevation(sample: Sample, kept: Indices) -> npt.NDArray[np.float32]:
    try:
        return sample.media.trajectory().elevation[kept]
    except (DataError, IndexError) as error:
        _log.debug("no trajectory: %s", error)
        return np.zeros(0, np.float32)
