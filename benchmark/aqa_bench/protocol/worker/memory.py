"""How a worker's memory is kept."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_KEPT, _AHEAD = (1 << 31) - 1, 1 << 26


def keep_freed_memory() -> bool:
    """Let the C library keep what tensors free, up to 2 GiB, in place of asking the system for it again.

    By default every large tensor is mapped anew and its pages are cleared one fault at a time, which takes
    more processor time than the convolutions of a small network. No number depends on it.

    Returns:
        Whether this C library can: glibc alone.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    wanted = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, _AHEAD))
    return all(mallopt(name, value) == 1 for name, value in wanted)
