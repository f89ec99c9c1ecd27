"""Frames between runner and worker: a JSON header, raw bytes, and file descriptors from the runner's side.

Nothing is pickled: what a stranger sends is text and numbers, of bounded size, or it is no message.
"""

from __future__ import annotations

import array
import json
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

__all__ = ["Channel", "ClosedError", "Message", "UnreadableError"]

_PREFIX = struct.Struct("<IIQ")
_MOST_BODY = 16 << 30
_MOST_HEADER = 64 << 20
# A stranger's: values of JSON take up to 30 times the room of their text, and arrays a few times their own.
_MOST_FOREIGN_BODY = 128 << 20
_MOST_FOREIGN_HEADER = 4 << 20
_STEP = 8 << 20
_MOST_FILES = 16


class ClosedError(Exception):
    """The other side is gone."""


class UnreadableError(Exception):
    """What arrived is no message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        header: Plain JSON.
        body: Bytes that go with it.
        files: Descriptors that came with it; whoever receives them closes them.
    """

    header: dict[str, Any]
    body: bytes | bytearray
    files: tuple[int, ...] = ()


class Channel:
    """One end of a connected socket. Threads may send at once; one receives.

    Args:
        connection: A stream socket.
        takes_files: Whether the other side is the runner, which sends descriptors. A stranger's messages are
            smaller, nested less deeply, and of text that can be written anywhere.
    """

    def __init__(self, connection: socket.socket, *, takes_files: bool = False) -> None:
        self.connection = connection
        self._takes_files = takes_files
        self._sending = threading.Lock()

    def send(
        self, header: Mapping[str, Any], body: bytes | memoryview = b"", files: Sequence[int] = ()
    ) -> None:
        """Send a message.

        Raises:
            ClosedError: The other side is gone.
            TypeError: The header is no plain JSON.
        """
        # To the runner go no halves of characters, which names of files may hold: it would not take them.
        plain = json.dumps(header, allow_nan=False, ensure_ascii=not self._takes_files)
        text = plain.encode(errors="replace")
        head = _PREFIX.pack(len(text), len(files), len(body)) + text
        with self._sending:
            try:
                if files:
                    packed = array.array("i", files)
                    sent = self.connection.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)])
                    head = head[sent:]
                self.connection.sendall(head)
                self.connection.sendall(body)
            except OSError as error:
                raise ClosedError from error

    def receive(self) -> Message:
        """The next message; waits for it.

        Raises:
            ClosedError: The other side is gone.
            UnreadableError: What came is no message, or too large.
        """
        prefix, files = self._prefix()
        length, _, body_length = _PREFIX.unpack(prefix)
        ours = self._takes_files
        most, most_body = (_MOST_HEADER, _MOST_BODY) if ours else (_MOST_FOREIGN_HEADER, _MOST_FOREIGN_BODY)
        if length > most or body_length > most_body:
            raise UnreadableError(f"a message of {length:,} and {body_length:,} bytes")
        text = self._exactly(length)
        body = self._exactly(body_length)
        try:
            header = json.loads(text) if self._takes_files else from_json(text, allow_inf_nan=False)
        except (ValueError, RecursionError) as error:
            raise UnreadableError("a header that is not JSON") from error
        if not isinstance(header, dict):
            raise UnreadableError("a header that is not a JSON object")
        return Message(header, body, files)

    def close(self) -> None:
        """Close this end."""
        self.connection.close()

    def _prefix(self) -> tuple[bytes, tuple[int, ...]]:
        if not self._takes_files:
            return bytes(self._exactly(_PREFIX.size)), ()
        found, files = b"", array.array("i")
        try:
            while len(found) < _PREFIX.size:
                part, extra, _, _ = self.connection.recvmsg(
                    _PREFIX.size - len(found), socket.CMSG_SPACE(_MOST_FILES * files.itemsize)
                )
                if not part:
                    raise ClosedError
                found += part
                for level, kind, data in extra:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                        files.frombytes(data[: len(data) - len(data) % files.itemsize])
        except OSError as error:
            raise ClosedError from error
        return found, tuple(files)

    def _exactly(self, length: int) -> bytearray:
        # Grown as bytes come: a length is only a claim.
        data = bytearray()
        while len(data) < length:
            room = min(length - len(data), _STEP)
            start = len(data)
            data.extend(bytes(room))
            try:
                count = self.connection.recv_into(memoryview(data)[start:], room)
            except OSError as error:
                raise ClosedError from error
            if not count:
                raise ClosedError
            del data[start + count :]
        return data
