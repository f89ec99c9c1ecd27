"""A frame store: clips of one size in a folder, added as they are needed, by whoever needs them."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.files import canonical_json, pretty_json, sha256_bytes, write_atomic
from aqa_bench.core.lock import attempt
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store.clip_file import SUFFIX, ClipFile, write_clip
from aqa_bench.media.frame_store.encoding import RAW, Encoding
from aqa_bench.media.frame_store.lease import hold
from aqa_bench.media.frame_store.room import Quota

__all__ = ["BUSY", "Busy", "FrameReader", "FrameStore", "StoredFrames"]

logger = logging.getLogger(__name__)

_FORMAT = 2
_ABOUT = "store.json"
_CLAIMS = ".claims"


@runtime_checkable
class FrameReader(Protocol):
    """Where the frames of a clip come from. Several threads may read different clips at once."""

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def __call__(self) -> UInt8Array:
        """All of them as ``(T, side, side, 3)`` uint8 RGB."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """Which frames of clips a store holds, and at which size.

    Attributes:
        resize: Side in pixels to which whole frames are squashed.
        crop: Side of the central square that is kept; the whole frame where None.
        frames: Frames per clip, spread evenly; all of them where None.
    """

    resize: int
    crop: int | None = None
    frames: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.side <= self.resize or (self.frames is not None and self.frames < 1):
            raise UsageError(
                "These frames do not exist.", expected="1 <= crop <= resize, frames >= 1", found=self
            )

    @property
    def side(self) -> int:
        """Side of a frame in pixels."""
        return self.resize if self.crop is None else self.crop

    @property
    def document(self) -> dict[str, int | None]:
        """As JSON; what gives the same pixels is the same."""
        return asdict(self) | {"crop": None if self.crop == self.resize else self.crop}


class Busy:
    """Another process, or thread, is decoding the clip."""


BUSY = Busy()


class FrameStore:
    """Clips decoded once for every run that wants them at this size.

    One file per clip, named by the clip's content, so that methods that drop different clips share the rest.
    Any process may add clips while others read. Objects of the same store pickle and open at no cost.

    Args:
        root: Folder of the stores.
        stored: Which frames, and their size.
        encoding: How they are kept.
        quota: Hands out space; by default as the settings say.
    """

    def __init__(
        self, root: Path, stored: StoredFrames, encoding: Encoding = RAW, quota: Quota | None = None
    ) -> None:
        self.root = root
        self.stored = stored
        self.encoding = encoding
        identity = canonical_json([_FORMAT, stored.document, encoding.name])
        digest = sha256_bytes(identity.encode())[:12]
        self.folder = root / f"{stored.side}px-{encoding.name.replace(' ', '-')}-{digest}"
        self._quota = quota or Quota(root, is_exact=encoding.is_exact)
        self._known: dict[str, ClipFile] = {}

    def __reduce__(self) -> tuple[type[FrameStore], tuple[Path, StoredFrames, Encoding]]:
        return FrameStore, (self.root, self.stored, self.encoding)

    def path(self, key: str) -> Path:
        """The file of a clip, which need not exist."""
        return self.folder / f"{sha256_bytes(key.encode())[:32]}{SUFFIX}"

    def present(self, keys: Iterable[str]) -> dict[str, int]:
        """Bytes of the clips that have a file; nobody has looked into it yet."""
        try:
            with os.scandir(self.folder) as entries:
                sizes = {entry.name: entry.stat().st_size for entry in entries}
        except OSError:
            return {}
        return {key: sizes[name] for key in keys if (name := self.path(key).name) in sizes}

    def hold(self, keys: Iterable[str]) -> None:
        """Keep clips from being removed for as long as this object lives.

        Raises:
            AqaBenchError: The folder cannot be written to.
        """
        with _writing(self.root):
            weakref.finalize(self, hold(self.root, [self.path(key) for key in keys]))

    def find(self, key: str, frames: int | None = None) -> ClipFile | None:
        """A clip, its digest checked once per process; None where it is absent, damaged or has other frames.

        Args:
            key: The clip's content key.
            frames: Frames that it must have; any number where None.
        """
        found = self._known.get(key)
        if found is None:
            path = self.path(key)
            try:
                found = ClipFile.open(path)
            except OSError:
                return None
            except DataError as error:
                logger.warning("%s is decoded again: %s.", path.name, error.found)
                return None
            if found.side != self.stored.side or found.encoding != self.encoding:
                return None
            with suppress(OSError):
                os.utime(path)
            self._known[key] = found
        return found if frames is None or found.frames == frames else None

    def add(self, key: str, reader: FrameReader) -> ClipFile | Busy:
        """Decode a clip into the store, unless it is there or somebody else is doing it.

        Raises:
            DataError: It cannot be decoded.
            NoRoomError: There is not enough space.
            AqaBenchError: The folder cannot be written to.
        """
        path = self.path(key)
        with _writing(path), attempt(self._claims / f"{path.name[:2]}.lock") as is_mine:
            if not is_mine:
                return BUSY
            found = self.find(key, len(reader))
            if found is None:
                write_clip(path, self.decoded(reader), self.encoding, self._quota.take)
                found = self._known[key] = ClipFile.open(path)
            return found

    def decoded(self, reader: FrameReader) -> UInt8Array:
        """The frames of a reader, as the store takes them.

        Raises:
            DataError: They cannot be decoded, or are not what the reader says.
        """
        side = self.stored.side
        try:
            frames = reader()
        except OSError as error:
            raise DataError("A clip could not be read.", found=error.strerror or str(error)) from error
        if frames.dtype != np.uint8 or frames.shape != (len(reader), side, side, 3) or not len(frames):
            raise DataError(
                "A clip has unexpected frames.",
                expected=f"({len(reader) or 'at least 1'}, {side}, {side}, 3) uint8",
                found=f"{frames.shape} {frames.dtype}",
            )
        return frames

    def forget(self, key: str) -> None:
        """Look for a clip anew: its file was removed or damaged since it was found."""
        self._known.pop(key, None)

    def make_room(self, nbytes: int) -> None:
        """Make space for what is about to be added; what was unused for longest gives way.

        Raises:
            NoRoomError: There is not enough.
            AqaBenchError: The folder cannot be written to.
        """
        with _writing(self.root):
            self._quota.make(nbytes)

    @cached_property
    def _claims(self) -> Path:
        about = self.folder / _ABOUT
        if not about.is_file():
            document: Mapping[str, object] = {**self.stored.document, "encoding": self.encoding.name}
            write_atomic(about, pretty_json(document))
        return self.folder / _CLAIMS


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AqaBenchError(
            "Decoded frames could not be stored.",
            where=path,
            expected="a writable folder with free space",
            found=error.strerror or str(error),
            remedy="Free some space or fix the permissions, and run again; decoded frames are kept.",
        ) from error
