"""The interface of feature extractors, and the cache that keeps what they extract."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays
from safetensors.torch import load, save
from torch import Tensor, nn

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, sha256_bytes, write_atomic
from aqa_bench.core.method import FitContext
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Sample
from aqa_bench.core.sealed import Damaged, blank_stamp, check_stamp, stamped

__all__ = [
    "FeatureCache",
    "FeatureExtractor",
    "extract_once",
    "feature_key",
    "filled",
    "is_whole",
    "load_state",
    "save_state",
    "shown",
    "state_sha256",
]

SampleT = TypeVar("SampleT", contravariant=True)

_WEIGHTS = "weights", 1
_FEATURES = "features", 1


class FeatureExtractor(ABC, Generic[SampleT]):
    """Turns samples into features, on which a head is trained."""

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """The network, for end-to-end training; its state is what is saved."""

    @abstractmethod
    def extract(self, samples: Sequence[SampleT]) -> Sequence[NDArray[np.float32]]:
        """Features of samples, in their order.

        Args:
            samples: What to look at.

        Returns:
            An array for each sample: ``(T, D)`` for sequences, or ``(D,)``.
        """

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the weights, the same wherever and however they are stored."""
        return state_sha256(self.module)

    def save(self, path: Path) -> Path:
        """Write the weights as one safetensors file; see :func:`save_state`."""
        return save_state(self.module, path)

    def load(self, path: Path) -> None:
        """Read weights written by :meth:`save`; see :func:`load_state`."""
        load_state(self.module, path)


def save_state(module: nn.Module, path: Path) -> Path:
    """Write a network's state as one safetensors file with its digest in it, whole or not at all.

    Args:
        module: The network.
        path: The file to write.

    Returns:
        ``path``.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    # Clones, since safetensors refuses tensors that share memory (tied weights).
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    return write_atomic(path, stamped(save(state, {"seal": blank_stamp(*_WEIGHTS)}), *_WEIGHTS))


def load_state(module: nn.Module, path: Path) -> None:
    """Read a state written by :func:`save_state` into a network.

    Args:
        module: Receives it; unchanged where the file does not fit.
        path: A safetensors file.

    Raises:
        Damaged: The file is not what was written.
        DataError: The file is missing or of another network.
    """
    try:
        content = path.read_bytes()
        check_stamp(path, content, *_WEIGHTS, remedy="Pre-train again, or pass the right file.")
        state = load(content)
    except (OSError, SafetensorError) as error:
        raise DataError(
            "The weights cannot be read.",
            where=path,
            expected="a safetensors file",
            found=str(error),
            remedy="Pre-train again, or pass the right file.",
        ) from error
    wanted: dict[str, Any] = module.state_dict()
    differing = sorted(
        name
        for name in wanted.keys() | state.keys()
        if name not in wanted or name not in state or wanted[name].shape != state[name].shape
    )
    if differing:
        raise DataError(
            "The weights belong to a different network.",
            where=path,
            expected=f"the {len(wanted)} tensors of {type(module).__name__}",
            found=f"{len(differing)} tensors differ: {', '.join(differing[:5])}",
            remedy="Use the recipe that the weights belong to.",
        )
    module.load_state_dict(state)


def is_whole(path: Path) -> bool:
    """Whether a file of :func:`save_state` is there and undamaged; looked into once per process."""
    try:
        status = path.stat()
        return _checked(path, status.st_mtime_ns, status.st_size)
    except (OSError, Damaged):
        return False


@lru_cache(maxsize=1024)
def _checked(path: Path, _mtime: int, _size: int) -> bool:
    check_stamp(path, path.read_bytes(), *_WEIGHTS)
    return True


def state_sha256(module: nn.Module) -> str:
    """Hex SHA-256 of a network's state: names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    state: dict[str, Tensor] = module.state_dict()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        # Names and shapes are hashed too: two networks of equal bytes in
        # another arrangement are not the same.
        digest.update(f"{name}\x1f{tensor.dtype}\x1f{tuple(tensor.shape)}\x1e".encode())
        # Bytes, not values: bfloat16 has no type in NumPy.
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


_FORMAT = 1
_TENSOR = "features"


def feature_key(content_key: str, weights_sha256: str, spec: Mapping[str, Any]) -> str:
    """Name of the features of one sample: hex SHA-256 of all that shapes them.

    Args:
        content_key: Hash of the sample's media.
        weights_sha256: Digest of the network's weights.
        spec: Everything else, as plain JSON: architecture, frames, size, pooling, precision.
    """
    return sha256_bytes(canonical_json([_FORMAT, content_key, weights_sha256, dict(spec)]).encode())


class FeatureCache:
    """A folder of safetensors files, one per sample, that processes may share and anyone may delete.

    Files are written whole or not at all, and carry a digest of their content: one that is damaged
    counts as absent and is written again.

    Args:
        folder: Where they lie; made when the first is written.
        *others: Folders that are looked into as well.
    """

    def __init__(self, folder: Path, *others: Path) -> None:
        self.folder = folder
        self._others = others

    def path(self, key: str) -> Path:
        """The file of a key."""
        # Two digits fan the files out: one folder of a hundred thousand files
        # is slow to list and to delete.
        return self.folder / key[:2] / f"{key}.safetensors"

    def get(self, key: str) -> npt.NDArray[np.float32] | None:
        """Features by key; None where there are none, or the file is damaged.

        Args:
            key: As :func:`feature_key` makes it.
        """
        for folder in (self.folder, *self._others):
            path = FeatureCache(folder).path(key)
            try:
                content = path.read_bytes()
                check_stamp(path, content, *_FEATURES)
                features: npt.NDArray[np.float32] = load_arrays(content)[_TENSOR]
            except (OSError, Damaged, SafetensorError, KeyError):
                # A damaged file is no error: features can always be made again, so the cache heals itself.
                continue
            return features
        return None

    def put(self, key: str, features: npt.NDArray[np.float32]) -> None:
        """Keep features.

        Args:
            key: As :func:`feature_key` makes it.
            features: Of any shape.

        Raises:
            AqaBenchError: The folder cannot be written to or the disk is full.
        """
        array = np.ascontiguousarray(features, np.float32)
        content = save_arrays({_TENSOR: array}, {"seal": blank_stamp(*_FEATURES)})
        write_atomic(self.path(key), stamped(content, *_FEATURES))


def extract_once(
    samples: Sequence[Sample],
    ctx: FitContext,
    weights_sha256: str,
    document: Mapping[str, Any],
    stream: Callable[[Sequence[Sample]], Iterator[NDArray[np.float32]]],
) -> Sequence[NDArray[np.float32]]:
    """Features of samples, in their order; those that were extracted before are read from disk.

    Features are kept one by one as they come, so a killed run goes on where it stopped.

    Args:
        samples: What to look at.
        ctx: Its caches and progress display are used.
        weights_sha256: Digest of the network's weights.
        document: All else that shapes the features besides media, as JSON.
        stream: Extracts the features of samples one by one.
    """
    cache = FeatureCache(*ctx.places("features"))
    keys = [feature_key(sample.media.content_key, weights_sha256, document) for sample in samples]
    # Each key once: two samples of the same content share one file and one forward pass.
    found = {key: cache.get(key) for key in dict.fromkeys(keys)}
    missing = {k: s for k, s in zip(keys, samples, strict=True) if found[k] is None}
    # Only what is missing is decoded; the stream's results do not depend on what it is asked with.
    extracted = shown(stream(list(missing.values())), len(missing), ctx.progress)
    for key, features in zip(missing, extracted, strict=True):
        cache.put(key, features)
        found[key] = features
    return [kept for key in keys if (kept := found[key]) is not None]


def filled(batch: Tensor, size: int) -> Tensor:
    """The batch, its last entry repeated up to ``size``.

    Kernels are chosen by shape, and differ in the last bits: what is computed of a sample would depend on how
    many others were left to do.
    """
    # In evaluation mode no row sees another, so what fills the batch up costs time and
    # nothing else; callers cut it off.
    missing = size - len(batch)
    return torch.cat([batch, batch[-1:].expand(missing, *batch.shape[1:])]) if missing > 0 else batch


def shown(
    stream: Iterator[NDArray[np.float32]], total: int, progress: Progress | None
) -> Iterator[NDArray[np.float32]]:
    """The stream, with its progress shown."""
    display = progress or NullProgress()
    if total == 0:
        return
    display.start("features", total)
    try:
        for features in stream:
            display.advance(1)
            yield features
    finally:
        display.close()
