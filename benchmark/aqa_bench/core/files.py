"""Files and folders that are either whole or absent."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import AqaBenchError

__all__ = [
    "atomic_directory",
    "canonical_json",
    "check_writable",
    "pretty_json",
    "sha256_bytes",
    "sha256_file",
    "sync_folder",
    "write_atomic",
]

_CHUNK = 1 << 20
_BLOCK = 1 << 12


def _unwritable(path: Path, error: OSError) -> AqaBenchError:
    return AqaBenchError(
        "The result could not be written; nothing was left half-written.",
        where=path,
        expected="a folder that can be written to, with free space",
        found=error.strerror or str(error),
        remedy="Free some space, fix the permissions, or choose another folder (--out).",
    )


def write_atomic(path: Path, content: str | bytes) -> Path:
    """Write a file in one step: into a temporary name beside it, then renamed over it.

    Args:
        path: The file to write; its folder is made when missing.
        content: Text (written as UTF-8) or bytes.

    Returns:
        ``path``.

    Raises:
        AqaBenchError: The folder cannot be written to or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
    return path


@contextmanager
def atomic_directory(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Fill a folder under a temporary name and rename it to ``target`` when the block succeeds.

    Two processes may race for the same target: the first to finish wins and the other's work is
    dropped, since a target is named by its content.

    Args:
        target: The folder to make.
        replace: Whether an existing ``target`` gives way.

    Yields:
        The temporary folder to write into, on the same file system as ``target``.

    Raises:
        AqaBenchError: The parent cannot be written to or the disk is full.
    """
    staging: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        yield staging
        staging.chmod(0o777 & ~_umask())
        _put(staging, target, replace)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        if staging is not None and staging.exists():
            shutil.rmtree(staging, ignore_errors=True)


def check_writable(folder: Path) -> None:
    """Find out before long work whether its result can be written.

    Raises:
        AqaBenchError: The folder cannot be made or written to, or the disk is full.
    """
    probe = folder / f".writable.{os.getpid()}"
    try:
        write_atomic(probe, b"\0" * _BLOCK)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, so that a rename outlives a power failure."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network and FUSE file systems sync no folders; there is nothing else to do then.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}:
            raise
    finally:
        os.close(handle)


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's content, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text. NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty_json(value: Any) -> str:
    """JSON for people and diffs: two spaces, keys in the given order, a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _put(staging: Path, target: Path, replace: bool) -> None:
    outgoing: Path | None = None
    if replace and target.is_dir():
        outgoing = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
        with suppress(FileNotFoundError):
            target.rename(outgoing / target.name)
    try:
        _rename_unless_taken(staging, target)
    except OSError:
        if outgoing is not None:
            with suppress(FileNotFoundError):
                (outgoing / target.name).rename(target)
        raise
    finally:
        if outgoing is not None:
            shutil.rmtree(outgoing, ignore_errors=True)


def _rename_unless_taken(staging: Path, target: Path) -> None:
    while True:
        try:
            staging.rename(target)
        except OSError as error:
            # Renaming never replaces a folder that holds something: another process was first.
            if target.is_dir():
                return
            # It was first, and has given way to a third since.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
