"""How ``tools/fuzz.py`` changes a valid input: bit by bit, and by what the input is made of."""

from __future__ import annotations

import gzip
import io
import json
import pickletools
import random
import re
import struct
import warnings
import zipfile
from typing import Any

from fuzzing.worker import messages, packed

__all__ = ["mutated"]

_NUMBERS = (
    0,
    -1,
    1,
    127,
    128,
    255,
    256,
    32767,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**53,
    2**63 - 1,
)
_WORDS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-0.0",
    "1e-320",
    "null",
    "true",
    '""',
    "[]",
    "{}",
    "9" * 5000,
    "0x10",
    "1_000",
    "-",
    "\\ud800",
    "\u202e",
    "\x00",
    "'",
    '"',
    "\\",
    "\n",
    "\r\n",
    "=",
    ",",
    ".",
    "1" + "0" * 40,
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    10**30,
    2**63,
    "",
    "x" * 3000,
    "../../x",
    "/",
    "\x00",
    "\ud800",
    "\u202eabc",
    [],
    {},
    [[]],
    [None],
    {"": None},
    ["a", "a"],
    [1, "1", 1.0],
)
_DIGITS = re.compile(rb"-?\d+(?:\.\d+)?")
_LARGEST = 1 << 16
_MANY = 9


def mutated(seeds: list[bytes], kind: str, rng: random.Random) -> bytes:
    """An input made of a seed by a few changes.

    Args:
        seeds: Valid inputs.
        kind: As :attr:`fuzzing.targets.Target.kind`.
        rng: Decides everything.
    """
    content = rng.choice(seeds)
    structured = _STRUCTURED.get(kind)
    if structured is not None and rng.random() < 0.6:
        content = structured(content, rng)
        if rng.random() < 0.7:
            return content
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        content = rng.choice(_BLIND)(content, seeds, rng)[: 16 * _LARGEST]
    return content


def _flip(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 16))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    new = rng.choice((b"\x00", b"\xff", b"(", b"[", b"{", b"]", b"\n", rng.randbytes(1), rng.randbytes(8)))
    return content[:at] + new + content[at + rng.choice((0, len(new))) :]


def _cut(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _drop(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    start, end = sorted((rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)))
    return content[:start] + content[end:]


def _repeat(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    start, end = sorted((rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)))
    part = content[start:end][:1000] if rng.random() < 0.5 else content[start : start + 1]
    times = rng.choice((2, 2, 3, 50, 5000))
    return content[:end] + part[: _LARGEST // times + 1] * times + content[end:]


def _splice(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    other = rng.choice(seeds)
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def _binary(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    """A number of another size, in the place of bytes."""
    width = rng.choice((1, 2, 4, 8))
    at = rng.randrange(max(len(content) - width, 0) + 1)
    number = rng.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    return content[:at] + number.to_bytes(width, rng.choice(("little", "big"))) + content[at + width :]


def _decimal(content: bytes, seeds: list[bytes], rng: random.Random) -> bytes:
    """Another number or word in the place of one that is written out."""
    found = list(_DIGITS.finditer(content[:_LARGEST]))
    if not found:
        return _set(content, seeds, rng)
    place = rng.choice(found)
    new = rng.choice((*map(str, _NUMBERS), *_WORDS)).encode("utf-8", "surrogatepass")
    return content[: place.start()] + new + content[place.end() :]


_BLIND = (_flip, _flip, _set, _cut, _drop, _repeat, _splice, _binary, _binary, _decimal)


def _json(content: bytes, rng: random.Random) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        return content
    for _ in range(rng.choice((1, 1, 2, 5))):
        document = _changed(document, rng)
    try:
        text = json.dumps(document)
    except RecursionError:
        # Nested deeper than Python writes; flat texts of any depth are made elsewhere.
        return content
    if rng.random() < 0.1:
        # A key that stands twice.
        text = text.replace("{", '{"version": 1, ', 1)
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16")), "surrogatepass")


def _changed(value: Any, rng: random.Random) -> Any:
    """The document with one of its values changed, deeper ones more often."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        action = rng.random()
        if action < 0.1:
            return {name: each for name, each in value.items() if name != key}
        if action < 0.2:
            return {(str(rng.choice(_VALUES)) if name == key else name): each for name, each in value.items()}
        return {name: _changed(each, rng) if name == key else each for name, each in value.items()}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at, action = rng.randrange(len(value)), rng.random()
        if action < 0.1:
            return value[:at] + value[at + 1 :]
        if action < 0.2:
            times = rng.choice((2, 3, 200)) if len(value) < _MANY else 2
            return value[:at] + value[at : at + 1] * times + value[at + 1 :]
        return [_changed(each, rng) if number == at else each for number, each in enumerate(value)]
    if rng.random() < 0.1:
        deep: Any = value
        for _ in range(rng.choice((3, 90, 400))):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
        return deep
    return rng.choice(_VALUES)


def _text(content: bytes, rng: random.Random) -> bytes:
    """Lines in another order, twice or gone; words changed."""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    lines = content.split(end)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        action = rng.randrange(5)
        if action == 0 and len(lines) > 1:
            del lines[at]
        elif action == 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        elif action == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            words = re.split(rb"(\W+)", lines[at])
            place = rng.randrange(len(words))
            new = rng.choice((*_WORDS, *map(str, _NUMBERS), "[" * 500, "{a=" * 300, "a." * 300))
            words[place] = rng.choice((new.encode("utf-8", "surrogatepass"), rng.choice(words)))
            lines[at] = b"".join(words)
    return (b"\xef\xbb\xbf" if rng.random() < 0.05 else b"") + end.join(lines)


def _pickle(content: bytes, rng: random.Random) -> bytes:
    """Opcodes in another order, many times or gone; others put in."""
    try:
        starts = [at or 0 for _, _, at in pickletools.genops(content)]
    except ValueError:
        return content
    parts = [content[a:b] for a, b in zip(starts, [*starts[1:], len(content)], strict=True)]
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(parts))
        action = rng.randrange(4)
        if action == 0 and len(parts) > 1:
            del parts[at]
        elif action == 1:
            parts.insert(at, parts[rng.randrange(len(parts))] * rng.choice((1, 2, 2000)))
        else:
            parts.insert(at, rng.choice(_OPCODES)(rng))
    return b"".join(parts)


def _length(rng: random.Random, code: str) -> bytes:
    return struct.pack(code, rng.choice(_NUMBERS) & ((1 << 8 * struct.calcsize(code)) - 1))


_OPCODES = (
    lambda rng: b"r" + _length(rng, "<I"),
    lambda rng: b"q" + _length(rng, "<B"),
    lambda rng: b"p%d\n" % rng.choice(_NUMBERS),
    lambda rng: b"j" + _length(rng, "<I"),
    lambda rng: b"h" + _length(rng, "<B"),
    lambda rng: b"\x8e" + _length(rng, "<Q"),
    lambda rng: b"\x8d" + _length(rng, "<Q"),
    lambda rng: b"\x8b" + _length(rng, "<I"),
    lambda rng: b"\x95" + _length(rng, "<Q"),
    lambda rng: b"T" + _length(rng, "<I"),
    lambda rng: (
        rng.choice((b"(", b")", b"]", b"}", b"\x8f", b"\x85", b"\x86", b"\x87")) * rng.choice((1, 2, 3000))
    ),
    lambda rng: rng.choice(
        (b"a", b"e", b"s", b"u", b"R", b"b", b"\x81", b"\x94", b"l", b"d", b"t", b"0", b"1", b"2")
    ),
    lambda rng: b"cnumpy\n" + rng.choice((b"dtype", b"ndarray", b"load")) + b"\n",
    lambda rng: b"cnumpy.core.multiarray\n" + rng.choice((b"scalar", b"_reconstruct")) + b"\n",
    lambda rng: b"c_codecs\nencode\n",
    lambda rng: b"U" + bytes([3]) + rng.choice((b"O8\x00", b"i8,", b"f16", b"V99", b"M8\x00", b"abc")),
    lambda rng: b"K" + _length(rng, "<B"),
    lambda rng: b"L" + b"9" * rng.choice((1, 400, 5000)) + b"L\n",
    lambda rng: b"G" + rng.randbytes(8),
)


def _zip(content: bytes, rng: random.Random) -> bytes:
    """Another archive of changed members: packed in other ways, repeated, with odd names."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, ValueError):
        return content
    buffer = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    victim = rng.randrange(len(members)) if members else 0
    # Names that stand twice are meant.
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", rng.choice(methods)) as archive:
        warnings.simplefilter("ignore")
        for number, (name, data) in enumerate(members):
            if number == victim:
                name = rng.choice((name, name, name, "../" + name, name + "/", "", "a.npy", members[0][0]))
                data = rng.choice(_BLIND)(data, [data], rng)
            for _ in range(rng.choice((1, 1, 1, 1, 2)) if number == victim else 1):
                archive.writestr(name or "\x01", data, rng.choice((None, None, None, *methods)))
    changed = bytearray(buffer.getvalue())
    if rng.random() < 0.4:
        # Fields of the directory: flags, method, sizes, offsets.
        start = changed.find(rng.choice((b"PK\1\2", b"PK\3\4", b"PK\5\6")))
        at = min(start + rng.randrange(4, 46), len(changed) - 4) if start >= 0 else 0
        changed[at : at + 2] = _length(rng, "<H")
    return bytes(changed)


def _gzip(content: bytes, rng: random.Random) -> bytes:
    return gzip.compress(_json(gzip.decompress(content), rng), 1)


def _wire(content: bytes, rng: random.Random) -> bytes:
    """Messages in another order, many times or gone; headers changed; lengths that are not true."""
    stage, _, stream = content.partition(b"\n")
    found = messages(stream)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, action = rng.randrange(len(found)), rng.randrange(8)
        header, body = found[at]
        if action == 0 and len(found) > 1:
            del found[at]
        elif action == 1:
            found[at:at] = [found[rng.randrange(len(found))]] * rng.choice((1, 2, 300))
        elif action == 2:
            found[at] = header, rng.choice(_BLIND)(body, [body], rng)
        elif action == 3:
            found[at] = rng.choice(_BLIND)(header, [header], rng), body
        else:
            found[at] = _json(header, rng), body
    parts = [packed(header, body) for header, body in found]
    if rng.random() < 0.2:
        at = rng.randrange(len(parts))
        parts[at] = _length(rng, "<I") + parts[at][4:8] + _length(rng, "<Q") + parts[at][16:]
    if rng.random() < 0.1:
        stage = rng.choice((b"recipe", b"prepare", b"fit", b"features", b"explain"))
    return stage + b"\n" + b"".join(parts)


_STRUCTURED = {"json": _json, "text": _text, "pickle": _pickle, "zip": _zip, "gzip": _gzip, "wire": _wire}
