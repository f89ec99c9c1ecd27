"""Reading a form with a file in it as it arrives, straight to the disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["Form", "FormError", "TooLargeError", "read_form"]

_LONGEST_FIELD: Final = 4096
_MOST_FIELDS: Final = 16
_CHUNK: Final = 1 << 20


class FormError(Exception):
    """The request is not the form that this app sends."""


class TooLargeError(Exception):
    """The file is larger than allowed."""


class Form:
    """What arrived.

    Attributes:
        fields: Values by name.
        file: The upload; None where there was none. Whoever reads the form removes it.
        filename: Its name at the sender.
        size: Its bytes.
    """

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.file: Path | None = None
        self.filename = ""
        self.size = 0

    def discard(self) -> None:
        """Remove the upload."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


async def read_form(
    content_type: str,
    stream: AsyncIterator[bytes],
    folder: Path,
    most: int,
    before_file: Callable[[dict[str, str]], None],
) -> Form:
    """Read a multipart form with at most one file.

    Args:
        content_type: The request's header.
        stream: Its body.
        folder: Where the file goes.
        most: Its largest size.
        before_file: Called with the fields so far when the file begins; what it raises ends the reading.

    Returns:
        The form.

    Raises:
        FormError: It is not such a form.
        TooLargeError: The file is too large; nothing is left of it.
        OSError: The disk is full; nothing is left of it.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise FormError("not a multipart form")
    reader = _Reader(folder, most, before_file)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        async for chunk in stream:
            parser.write(chunk)
            if reader.waiting >= _CHUNK:
                await to_thread.run_sync(reader.flush)
        parser.finalize()
        await to_thread.run_sync(reader.close)
        if not reader.is_whole:
            raise FormError("the form ends in the middle")
    except FormParserError as error:
        reader.drop()
        raise FormError(str(error)) from error
    except BaseException:
        reader.drop()
        raise
    return reader.form


class _Reader:
    def __init__(self, folder: Path, most: int, before_file: Callable[[dict[str, str]], None]) -> None:
        self.form = Form()
        self.waiting = 0
        self.is_whole = False
        self._folder, self._most, self._before_file = folder, most, before_file
        self._header, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._field, self._text = "", b""
        self._in_file = self._skips = False
        self._handle: int | None = None
        self._chunks: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self.part_begin,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_part_data": self.part_data,
            "on_part_end": self.part_end,
            "on_end": self.end,
        }

    def part_begin(self) -> None:
        self._headers, self._header, self._value = {}, b"", b""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._text = b""
        self._in_file = b"filename" in options
        # A field for files in which none was chosen arrives as a file without a name.
        self._skips = options.get(b"filename") == b""
        if len(self.form.fields) >= _MOST_FIELDS:
            raise FormError("too many fields")
        if self._in_file and not self._skips:
            if self.form.file is not None:
                raise FormError("more than one file")
            self._before_file(self.form.fields)
            self.form.filename = options[b"filename"].decode("utf-8", "replace")
            self._handle, name = tempfile.mkstemp(dir=self._folder, prefix="upload-")
            self.form.file = Path(name)

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._in_file:
            self._text += data[start:end]
            if len(self._text) > _LONGEST_FIELD:
                raise FormError("a field is too long")
            return
        if self._skips:
            return
        self.form.size += end - start
        if self.form.size > self._most:
            raise TooLargeError
        self._chunks.append(data[start:end])
        self.waiting += end - start

    def part_end(self) -> None:
        if not self._in_file:
            self.form.fields[self._field] = self._text.decode("utf-8", "replace")

    def end(self) -> None:
        self.is_whole = True

    def flush(self) -> None:
        chunks, self._chunks, self.waiting = self._chunks, [], 0
        if self._handle is not None:
            left = memoryview(b"".join(chunks))
            while left:
                left = left[os.write(self._handle, left) :]

    def close(self) -> None:
        self.flush()
        if self._handle is not None:
            handle, self._handle = self._handle, None
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def drop(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with suppress(OSError):
                os.close(handle)
        self.form.discard()
