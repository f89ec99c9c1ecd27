from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.pickle_scan import MAX_DEPTH, MAX_OPCODES, PickleBoundError, scan_pickle
from aqa_bench.core.restricted_pickle import unpickle


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = (value,)
    return value


def collision(number: int) -> tuple[int, int]:
    return (number, -number)


ATTACKS = {
    "a memo index that takes gigabytes": (b"\x80\x02Nr\xff\xff\xff\x7f.", "entry 2,147,483,647, at byte 3"),
    "the same in decimal": (b"Np999999999999\n.", "entry 999,999,999,999"),
    "a memo index below zero": (b"Np-1\n.", "entry -1"),
    "a megabyte of nested tuples": (b")" + b"\x85" * (1 << 20) + b".", "deeper nesting, at byte 65"),
    "nested lists": (b"(" * 999 + b"l" * 999 + b".", "deeper nesting"),
    "a length beyond the file": (b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x.", "bytes"),
    "a text beyond the file": (b"\x80\x04\x8d" + (1 << 62).to_bytes(8, "little") + b"x.", "bytes"),
    "a negative length": (b"T\xff\xff\xff\xffx.", "string4"),
    "a number of a megabyte": (b"\x80\x02\x8b\x00\x00\x10\x00" + b"\x7f" * (1 << 20) + b".", "bits"),
    "a number of many digits": (b"L" + b"9" * 5000 + b"L\n.", "digits"),
    "a list in itself": (b"]q\x00h\x00a.", "something else that is filled"),
    "a list that grows inside another": (b"]q\x00]h\x00ah\x00K\x01a.", "something else that is filled"),
    "a number that is filled": (b"K\x01K\x02a.", "something else that is filled"),
    "each list twice in the next": (
        b"(lp0\n" + b"".join(b"(g%d\ng%d\nlp%d\n" % (i, i, i + 1) for i in range(60)) + b".",
        "repeated many times|deeper",
    ),
    "a text copied many times": (
        b"c_codecs\nencode\np0\n(X\x00\x00\x10\x00" + b"a" * (1 << 20) + b"X\x06\x00\x00\x00latin1tp1\n"
        + b"g0\ng1\nR" * 100 + b".",
        "copied many times",
    ),
    "a text held many times": (b"U\x80" + b"a" * 128 + b"p0\n(" + b"g0\n" * 200_000 + b"l.", "repeated"),
    "more tuples as keys than any release": (
        pickle.dumps({collision(number): 0 for number in range(10_001)}, 2), "more",
    ),
    "a list as a key": (b"}]K\x01s.", "a key of another kind"),
    "values from an empty stack": (b"\x87.", "an opcode without its values"),
    "a mark that is not there": (b"t.", "an opcode without its values|mark"),
    "an object of a class": (b"(inumpy\ndtype\n.", "the opcode INST"),
    "a persistent id": (b"Px\n.", "the opcode PERSID"),
    "a frame that ends within an opcode": (
        b"\x80\x04\x95\x11" + bytes(7) + b"]\x94(K\x01K\x02\x86\x94K\x03K\x04\x86r\0\0\0\0\x94e.",
        "a frame that ends within the opcode before",
    ),
    "a frame beyond the file": (b"\x80\x04\x95\xff" + bytes(7) + b"N.", "goes on after its end"),
    "a set": (b"\x80\x04\x8f.", "the opcode EMPTY_SET"),
    "more opcodes than any release": (b"]" * (MAX_OPCODES + 1) + b".", "more, at byte"),
}  # fmt: skip


@pytest.mark.parametrize("what", ATTACKS)
def test_a_pickle_that_costs_more_than_its_length_is_refused_at_its_opcode(what: str) -> None:
    content, found = ATTACKS[what]
    started = time.process_time()
    with pytest.raises(DataError, match=found) as refused:
        unpickle(content, "annotations.pkl")
    assert refused.value.where == "annotations.pkl"
    assert "byte" in str(refused.value.found)
    assert time.process_time() - started < 5


def test_the_bounds_leave_room() -> None:
    assert unpickle(pickle.dumps(nested(MAX_DEPTH)), "x") == nested(MAX_DEPTH)
    with pytest.raises(PickleBoundError, match="deep"):
        scan_pickle(pickle.dumps(nested(MAX_DEPTH + 1)))
    dives = {(event, dive): {"final_score": 88.2, "position": 1} for event in range(9) for dive in range(100)}
    assert unpickle(pickle.dumps(dives, 2), "x") == dives
    shared = ["the same text " * 99] * 3
    assert unpickle(pickle.dumps([shared, shared, {"a": shared}]), "x") == [shared, shared, {"a": shared}]


def test_one_pickle_leaves_nothing_behind_for_the_next() -> None:
    for _ in range(3):
        with pytest.raises(PickleBoundError):
            scan_pickle(ATTACKS["a number that is filled"][0])
    scan_pickle(pickle.dumps([1, 2, 3]))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_noise_passes_or_is_refused_and_nothing_else(noise: bytes) -> None:
    for content in (noise, pickle.dumps({(1, 2): [noise, {"a": 1.5}]}, 2)[:-1] + noise + b"."):
        try:
            scan_pickle(content)
        except PickleBoundError as error:
            assert error.expected  # noqa: PT017
