"""A worker in a sandbox of Landlock: it gives up what it could do to files and networks, for good.

Landlock (Linux 6.2 and later) says which files a process may read and write. It knows nothing of networks
but TCP, and nothing of times and modes of files, so that a filter of system calls comes with it.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.worker.seccomp import filter_calls

__all__ = ["LISTED", "NULLS", "READ", "confine", "why_no_landlock"]

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_ONLY = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
# Before version 3 a file that may not be written to may be cut to nothing.
_OLDEST = 3
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_CHARACTER_DEVICE, _BLOCK_DEVICE, _TRUNCATE, _IOCTL = 1 << 6, 1 << 11, 1 << 14, 1 << 15
READ, LISTED = _EXECUTE | _READ | _LIST, _LIST
"""What may be done beneath a place: read and run, or only list."""
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_FILES = {3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP, _SCOPES = 0b11, 0b11
_PROCESS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm")
NULLS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


@cache
def why_no_landlock() -> str:
    """Why there is no sandbox of this kind here; empty where there is one."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return (
            f"the system-call filter supports only Linux on x86_64, not {sys.platform} on "
            f"{platform.machine()}"
        )
    version = _version()
    if version < _OLDEST:
        return (
            f"Landlock version {version}; version {_OLDEST} is needed (Linux 6.2)"
            if version
            else "no Landlock"
        )
    return ""


def confine(told: Mapping[str, Any]) -> None:
    """Shut this process in, and all that it starts. It must have one thread.

    Args:
        told: What :func:`~.landlock.launch_landlock` tells: places and what may be done there, its own
            folder, devices.

    Raises:
        UsageError: The kernel refuses.
    """
    _look_around()
    version = _version()
    everything = _FILES[5] if version >= 5 else _FILES[3]
    rules = [(Path(place), int(access)) for place, access in told["rules"]]
    rules += [(Path(place), READ) for place in (*_PROCESS, f"/proc/{os.getpid()}")]
    rules += [(Path(place), _READ | _LIST | _WRITE | _TRUNCATE | _IOCTL) for place in told["devices"]]
    rules.append((Path(told["own"]), everything & ~(_CHARACTER_DEVICE | _BLOCK_DEVICE)))
    asked = _Ruleset(everything, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    try:
        ruleset = _call(_CREATE, ctypes.byref(asked), ctypes.c_size_t(size), 0)
        for place, access in rules:
            _allow(ruleset, place, access & everything)
        if _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _call(_RESTRICT, ruleset, 0)
        os.close(ruleset)
        filter_calls()
        os.chdir(told["own"])
    except OSError as error:
        raise UsageError(
            "The kernel does not allow a worker to sandbox itself.",
            where="--sandbox",
            expected="Landlock and system-call filters",
            found=error.strerror or str(error),
            remedy="Install the Debian package bubblewrap, or run without --sandbox.",
        ) from error
    # What was imported beforehand may have chosen another one.
    tempfile.tempdir = None


def _look_around() -> None:
    """Have the import system list where it looks; it remembers, and later these folders cannot be listed."""
    for path in (None, import_module("aqa_bench.methods").__path__):
        PathFinder.find_spec("aqa_bench_nowhere", path)


def _allow(ruleset: int, place: Path, access: int) -> None:
    try:
        folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # There is no such place, so that nothing can be read there.
        return
    try:
        rule = _Beneath(access if place.is_dir() else access & _OF_FILES, folder)
        if rule.access:
            _call(_ADD, ruleset, _BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(folder)


def _version() -> int:
    """Version of the kernel's Landlock; 0 where it has none."""
    try:
        return _call(_CREATE, None, ctypes.c_size_t(0), _VERSION_ONLY)
    except OSError:
        return 0


def _call(number: int, *arguments: Any) -> int:
    found = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
