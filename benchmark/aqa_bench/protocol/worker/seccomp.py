"""A filter of system calls, for what Landlock does not know: networks, and what may be left for later.

Numbers and layouts are those of Linux on x86_64 (asm/unistd_64.h, linux/seccomp.h, linux/filter.h).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

__all__ = ["filter_calls"]

# Sockets by any road, one that is connected already excepted; io_uring makes sockets past this filter.
_NETWORK = {
    "socket": 41,
    "connect": 42,
    "sendmsg": 46,
    "bind": 49,
    "listen": 50,
    "sendmmsg": 307,
    "io_uring_setup": 425,
}
# Memory and queues that outlive a process, keys; other processes; files without their paths.
_LASTING = {
    "shmget": 29,
    "shmat": 30,
    "semget": 64,
    "msgget": 68,
    "mq_open": 240,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "open_by_handle_at": 304,
    "perf_event_open": 298,
    "bpf": 321,
    "userfaultfd": 323,
    "move_pages": 279,
    "process_madvise": 440,
    "sethostname": 170,
    "setdomainname": 171,
    "settimeofday": 164,
    "clock_settime": 227,
}
# Done without effect: libraries do it to files of their own, and a stranger could write bits so.
_MODES = {
    "chmod": 90,
    "fchmod": 91,
    "chown": 92,
    "fchown": 93,
    "lchown": 94,
    "utime": 132,
    "setxattr": 188,
    "lsetxattr": 189,
    "fsetxattr": 190,
    "removexattr": 197,
    "lremovexattr": 198,
    "fremovexattr": 199,
    "utimes": 235,
    "fchownat": 260,
    "futimesat": 261,
    "fchmodat": 268,
    "utimensat": 280,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "file_setattr": 469,
    # Of the process, say, that the next worker is forked off.
    "setpriority": 141,
    "sched_setparam": 142,
    "sched_setscheduler": 144,
    "ioprio_set": 251,
    "sched_setattr": 314,
}
_SENDTO, _IOCTL, _PRLIMIT, _AFFINITY = 44, 16, 302, 203
_FLAG_REQUESTS = (0x40086602, 0x401C5820)

_X86_64, _X32 = 0xC000003E, 0x40000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOWED, _ERROR = 0x7FFF0000, 0x00050000
_SET_SECCOMP, _FILTER = 22, 2

_Line = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def filter_calls() -> None:
    """Have the kernel refuse these calls to this process and to all that it starts, for good.

    Needs ``no_new_privs``, and a process of one thread.

    Raises:
        OSError: The kernel has no such filters.
    """
    lines = _lines()
    program = _Program(len(lines), b"".join(struct.pack("=HBBI", *line) for line in lines))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _lines() -> list[_Line]:
    refused, done = _ERROR | errno.EACCES, _ERROR
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _X86_64),
        (_RETURN, 0, 0, refused),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, refused),
    ]
    for numbers, answer in (([*_NETWORK.values(), *_LASTING.values()], refused), (_MODES.values(), done)):
        for number in numbers:
            lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]
    # An address makes a connected socket, of which there is one, reach another.
    lines += _if_call(_SENDTO, [*_unless_zero(4, refused)])
    # Of this process alone, which is number zero to itself.
    own = [(_LOAD, 0, 0, _ARGUMENTS), (_EQUAL, 1, 0, 0)]
    lines += _if_call(_PRLIMIT, [*own, (_RETURN, 0, 0, refused)])
    lines += _if_call(_AFFINITY, [*own, (_RETURN, 0, 0, done)])
    lines += _if_call(
        _IOCTL,
        [
            (_LOAD, 0, 0, _ARGUMENTS + 8),
            *(line for r in _FLAG_REQUESTS for line in ((_EQUAL, 0, 1, r), (_RETURN, 0, 0, done))),
        ],
    )
    return [*lines, (_RETURN, 0, 0, _ALLOWED)]


def _if_call(number: int, lines: Sequence[_Line]) -> list[_Line]:
    """Lines for one call; the accumulator holds the call's number before, and nothing certain after."""
    return [(_EQUAL, 0, len(lines) + 1, number), *lines, (_RETURN, 0, 0, _ALLOWED)]


def _unless_zero(argument: int, answer: int) -> list[_Line]:
    lines: list[_Line] = []
    for half in (0, 4):
        place = _ARGUMENTS + 8 * argument + half
        lines += [(_LOAD, 0, 0, place), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, answer)]
    return lines
