"""Arrays between runner and worker: small ones as bytes, large ones through shared memory."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from aqa_bench.protocol.worker.wire import Channel, Message, UnreadableError

__all__ = ["SHARED_FROM", "array_of", "described", "send_array"]

SHARED_FROM = 1 << 16
"""Bytes from which an array goes through shared memory."""

_TYPES = frozenset({"uint8", "int32", "int64", "float16", "float32", "float64", "bool"})


def described(array: npt.NDArray[Any]) -> dict[str, Any]:
    """What an array is, as JSON."""
    return {"dtype": str(array.dtype), "shape": list(array.shape)}


def send_array(channel: Channel, header: Mapping[str, Any], array: npt.NDArray[Any]) -> None:
    """Send an array; a large one is written once, to memory that the other side maps.

    Args:
        channel: To a worker.
        header: What else is said.
        array: Of a plain number type.
    """
    array = np.ascontiguousarray(array)
    header = {**header, "array": described(array)}
    if array.nbytes < SHARED_FROM:
        channel.send(header, array.tobytes())
        return
    file = _in_memory(array)
    try:
        channel.send(header, files=(file,))
    finally:
        os.close(file)


def array_of(message: Message) -> npt.NDArray[Any]:
    """The array of a message. It may be written to: nobody else sees that.

    Raises:
        UnreadableError: The message is of no array, or of one of another size.
    """
    try:
        kind, shape = message.header["array"]["dtype"], tuple(message.header["array"]["shape"])
        if kind not in _TYPES or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise UnreadableError(f"an array of {kind!r}")
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=object)) if shape else 1
        if message.files:
            mapped = mmap.mmap(
                message.files[0], count * dtype.itemsize, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE
            )
            return np.frombuffer(mapped, dtype).reshape(shape)
        if len(message.body) != count * dtype.itemsize:
            raise UnreadableError(f"{len(message.body):,} bytes of an array of {count:,} {kind}")
        # A bytearray, so that what is read may be changed, as an array of one's own may.
        return np.frombuffer(bytearray(message.body), dtype).reshape(shape)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UnreadableError("no array") from error
    finally:
        for file in message.files:
            os.close(file)


def _in_memory(array: npt.NDArray[Any]) -> int:
    """A descriptor of memory that holds the array's bytes."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("aqa-bench")
    else:
        with tempfile.TemporaryFile() as unnamed:
            file = os.dup(unnamed.fileno())
    try:
        left = array.reshape(-1).view(np.uint8).data
        offset = 0
        while left:
            count = os.pwrite(file, left[: 1 << 30], offset)
            left, offset = left[count:], offset + count
    except BaseException:
        os.close(file)
        raise
    return file
