"""Files and folders that are either whole or absent."""

from __future__ import annotations

import errno
import glob
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
    "check_target",
    "check_writable",
    "pretty_json",
    "recover_directory",
    "set_aside",
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
        expected="a writable folder with free space",
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

    Files and folders are on the disk before the rename. A target that gives way is exchanged in one step
    where the system can (Linux); elsewhere it is moved aside first, and :func:`recover_directory` brings it
    back if the process is killed between the two renames.

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
    except AqaBenchError as error:
        error.where = str(folder)
        raise
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def check_target(file: Path) -> None:
    """Find out before long work whether a file can be written.

    Raises:
        AqaBenchError: It is a folder, or its folder cannot be made or written to, or the disk is full.
    """
    if file.is_dir():
        raise _unwritable(file, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    check_writable(file.parent)


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


def recover_directory(target: Path) -> None:
    """Bring back a folder that was moved aside by a replacement that was killed before its end.

    Every reader of a folder that :func:`atomic_directory` replaces calls it where the folder is missing.
    """
    for aside in sorted(target.parent.glob(f".{glob.escape(target.name)}.old.*")):
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            # Whoever is in the middle of a replacement moves it aside again.
            with suppress(OSError):
                (aside / target.name).rename(target)
                aside.rmdir()


def set_aside(target: Path, why: str) -> Path:
    """Rename a folder to a hidden sibling, ``.<name>.<why>`` or with a number behind it.

    Returns:
        The sibling.

    Raises:
        AqaBenchError: It cannot be renamed.
    """
    number = 0
    while True:
        number += 1
        kept = target.with_name(f".{target.name}.{why}" + (f".{number}" if number > 1 else ""))
        if kept.exists():
            continue
        try:
            target.rename(kept)
            sync_folder(target.parent)
        except FileNotFoundError:
            # Another process that makes the same run was first.
            return kept
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                continue
            raise _unwritable(kept, error) from error
        return kept


def _put(staging: Path, target: Path, replace: bool) -> None:
    from aqa_bench.core.exchange import exchange

    _sync_all(staging)
    while True:
        try:
            staging.rename(target)
        except OSError as error:
            # Renaming never replaces a folder that holds something.
            if not target.is_dir():
                # Another process was first, and has given way to a third since.
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    recover_directory(target)
                    raise
            elif not replace:
                return
            elif exchange(staging, target):
                # What was replaced has the temporary name now, and goes with it.
                break
            else:
                _move_aside(target)
        else:
            recover_directory(target)
            break
    sync_folder(target.parent)


def _move_aside(target: Path) -> None:
    outgoing = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    with suppress(FileNotFoundError):
        target.rename(outgoing / target.name)


def _sync_all(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if file.is_symlink():
                continue
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        sync_folder(Path(place))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
