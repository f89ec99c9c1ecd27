"""Weights of backbones: from a file, from the cache, or downloaded where that is allowed."""

from __future__ import annotations

import io
import logging
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.paths import downloads_home, is_offline

__all__ = ["cached_download", "load_named", "load_weights", "read_weights"]

_log = logging.getLogger(__name__)
_SHOWN = 5
_SHOWN_DIGITS = 12
_MOST_BYTES = 1 << 34
_MOST_PICKLED = 1 << 26
_MOST_TOLD = 300
_OLD_PICKLES = 5
_WITHOUT_DOWNLOAD = "the backbone efficientnet-lite0 (its weights install with pip)"


def cached_download(url: str, sha256_prefix: str, *, otherwise: str = _WITHOUT_DOWNLOAD) -> Path:
    """A published weight file: out of the cache, or downloaded into it.

    The cache is :func:`aqa_bench.core.paths.downloads_home`; PyTorch's own hub folder is
    looked into as well.

    Args:
        url: Where it is published.
        sha256_prefix: First hex digits of its SHA-256.
        otherwise: What to use where it cannot be had, for the message.

    Returns:
        The file, whose digest was checked.

    Raises:
        DataError: A file is there but is not the published one, or there is none and it cannot be
            downloaded.
    """
    name = url.rsplit("/", 1)[-1]
    target = downloads_home() / name
    hub = Path(torch.hub.get_dir()) / "checkpoints" / name
    # PyTorch's own folder too: many machines have these files already.
    for path in (target, hub):
        if path.is_file():
            _check_digest(path, sha256_prefix)
            return path
    if is_offline():
        raise DataError(
            "The published weights are not on this machine, and downloading is switched off.",
            where=target,
            expected=f"{name}, SHA-256 {sha256_prefix}…",
            remedy=f"Download {url} elsewhere and copy it there, pass its path as the weights, use "
            f"{otherwise}, or unset AQA_BENCH_OFFLINE.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    _log.info("downloading %s", url)
    try:
        torch.hub.download_url_to_file(url, str(target), hash_prefix=sha256_prefix, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        raise DataError(
            "The published weights could not be downloaded.",
            where=url,
            expected=f"SHA-256 {sha256_prefix}…",
            found=str(error),
            remedy=f"Check the connection, or copy the file to {target}.",
        ) from error
    return target


def read_weights(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Tensors by name of a weight file.

    Args:
        path: A PyTorch file (read with ``weights_only=True``) or a ``.safetensors`` file, with the
            tensors at the top level or under ``state_dict``, ``model`` or ``model_state``.
        sha256: Expected hex digest of the file, or its first digits.

    Raises:
        DataError: The file is missing, damaged, not a table of tensors, or not the expected one.
    """
    if not path.is_file():
        raise DataError(
            "The weight file does not exist.", where=path, expected="a .pt, .pth or .safetensors file"
        )
    if sha256 is not None:
        _check_digest(path, sha256)
    try:
        content: object = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    # Damaged bytes make the unpickler fail in many ways: struct.error, KeyError, IndexError, ...
    except Exception as error:
        raise DataError(
            "The weight file cannot be read.",
            where=path,
            expected="only tensors, by name",
            found=str(error).splitlines()[0][:_MOST_TOLD] if str(error) else type(error).__name__,
            remedy="Download or train the weights again.",
        ) from error
    for key in ("state_dict", "model", "model_state"):
        # Trainers wrap weights under one of these names, some twice.
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise DataError(
            "The weight file is not a table of tensors.", where=path, found=type(content).__name__
        )
    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}


def load_named(module: nn.Module, weights: str | Path, sha256: str | None = None) -> str:
    """Load a weight file, and say in a record's words what was loaded.

    Args:
        module: As for :func:`load_weights`.
        weights: The file; ``~`` is the home folder.
        sha256: Expected hex digest; optional.

    Raises:
        DataError: As for :func:`load_weights`.
    """
    path = Path(weights).expanduser()
    load_weights(module, path, sha256)
    return f"file {path.name}" + ("" if sha256 is None else f" (sha256 {sha256[:_SHOWN_DIGITS].lower()})")


def load_weights(module: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Load a weight file into a network, all or nothing.

    The file may hold more than the network, under a common prefix or beside it: a pre-trained model
    with its projection head, or a classifier that the network lacks.

    Args:
        module: The network, changed in place.
        path: As for :func:`read_weights`.
        sha256: As for :func:`read_weights`.

    Raises:
        DataError: As for :func:`read_weights`, or the file holds another architecture (the first keys
            that differ are named).
    """
    found = read_weights(path, sha256)
    wanted: dict[str, Tensor] = module.state_dict()
    prefix = _common_prefix(wanted, found)
    weights = {name: found[prefix + name] for name in wanted if prefix + name in found}
    problems = []
    for name, tensor in wanted.items():
        if name not in weights:
            # Weights saved before PyTorch 0.4.1 do not have the batch counters.
            if not name.endswith("num_batches_tracked"):
                problems.append(f"{prefix}{name}: missing")
        elif weights[name].shape != tensor.shape:
            problems.append(f"{prefix}{name}: {tuple(weights[name].shape)}, not {tuple(tensor.shape)}")
    if problems:
        unknown = [f"{name}: unknown" for name in found if name.removeprefix(prefix) not in wanted]
        shown = problems[:_SHOWN] + (unknown[:_SHOWN] if any(": missing" in p for p in problems) else [])
        raise DataError(
            "The weight file does not match this architecture.",
            where=path,
            expected=f"the {len(wanted)} tensors of {type(module).__name__}",
            found="\n    ".join([f"{len(problems)} tensors are missing or differ:", *shown]),
            remedy="Choose the backbone that the weights belong to.",
        )
    module.load_state_dict({**wanted, **weights})


def _unpickled(path: Path) -> object:
    # From memory, where reading two billion bytes of a short file makes no room for them.
    content = read_bounded(path, _MOST_BYTES)
    for pickled in _pickles(content):
        for opcode, argument, _ in pickletools.genops(pickled):
            # PyTorch searches its message about a global for a pattern, which takes minutes in a long one.
            if opcode.name == "GLOBAL" and len(str(argument)) > _MOST_TOLD:
                raise ValueError(f"the global {str(argument)[:60]}...")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _pickles(content: bytes) -> Iterator[IO[bytes]]:
    """The pickles of a PyTorch file: within its archive or, in the old format, one after the other."""
    if not content.startswith(b"PK"):
        stream = io.BytesIO(content)
        yield from (stream for _ in range(_OLD_PICKLES))
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".pkl"):
                with archive.open(info) as file:
                    yield io.BytesIO(file.read(_MOST_PICKLED))


def _common_prefix(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """The prefix under which most of the network's tensors are found."""
    first = next(iter(wanted), "")
    prefixes = ["", *(name.removesuffix(first) for name in found if name.endswith(f".{first}"))]
    # Most tensors, not all: the file may lack some, and the error should then name those.
    return max(prefixes, key=lambda prefix: sum(prefix + name in found for name in wanted))


def _check_digest(path: Path, expected: str) -> None:
    digest = sha256_file(path)
    if not digest.startswith(expected.lower()):
        raise DataError(
            "The weight file is not the expected file.",
            where=path,
            expected=f"SHA-256 {expected.lower()}",
            found=f"SHA-256 {digest}",
            remedy="Delete it and download it again, or drop the digest if you mean another file.",
        )
