from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.sealed import Damaged
from aqa_bench.core.state import State, pack_state, read_state, unpack_state

ARRAYS = {
    "plain": np.arange(6.0).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "every other": np.arange(12)[::2],
    "single": np.array(3, np.int64),
    "none": np.empty((0, 4), np.uint8),
    "flags": np.array([True, False]),
    "special": np.array([np.nan, np.inf, -0.0]),
}
FACTS = {"scale": [1.5, 0.1 + 0.2], "name": "Größe", "missing": None, "deep": {"a": [True, 3]}}


def test_facts_and_arrays_come_back_to_the_bit(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(pack_state(State(FACTS, ARRAYS)))
    found = read_state(file)
    assert found.facts == FACTS
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        back = found.arrays[name]
        assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
        # Matrix products round by the order in memory.
        if array.flags.forc:
            assert back.flags.f_contiguous == array.flags.f_contiguous
        back += back.dtype.type(0)


def test_others_can_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(pack_state(State(FACTS, ARRAYS)))
    np.testing.assert_array_equal(load_file(file)["plain"], ARRAYS["plain"])


def test_equal_states_are_equal_bytes() -> None:
    turned = dict(reversed(ARRAYS.items()))
    assert pack_state(State(FACTS, ARRAYS)) == pack_state(State(dict(reversed(FACTS.items())), turned))


def test_parts_are_found_again() -> None:
    inner = State({"a": 1}, {"w": np.ones(2)})
    joined = State.joined(one=inner, two=State.joined(inner=inner, other=State()))
    found = joined.part("two").part("inner")
    assert found.facts == {"a": 1}
    np.testing.assert_array_equal(found.array("w"), np.ones(2))
    for wrong in (lambda: joined.part("three"), lambda: joined.fact("x"), lambda: joined.array("w")):
        with pytest.raises(DataError, match="does not belong to this method"):
            wrong()


@pytest.mark.parametrize(
    ("facts", "arrays"),
    [
        ({"a": float("nan")}, {}),
        ({"a": object()}, {}),
        ({"a": "x" * (5 << 20)}, {}),
        ({}, {"a": np.array(["text"])}),
        ({}, {"a": np.array([None])}),
        ({}, {"a": np.array([1j])}),
    ],
)
def test_what_is_no_state_is_refused(facts: dict, arrays: dict) -> None:
    with pytest.raises(MethodError, match="cannot be saved"):
        pack_state(State(facts, arrays))


def test_changes_and_other_files_are_refused(tmp_path: Path) -> None:
    content = pack_state(State(FACTS, ARRAYS))
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": np.ones(3)}, foreign)
    huge = (1 << 40).to_bytes(8, "little")
    for bad in (b"", content[:7], content[:-1], huge + content[8:], foreign.read_bytes(), b"\x80\x04K\x01."):
        with pytest.raises(Damaged):
            unpack_state(bad, "here")
    for place in range(0, len(content), 37):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(Damaged):
            unpack_state(bytes(changed), "here")
    with pytest.raises(Damaged, match="cannot be read"):
        read_state(tmp_path / "nothing")
    with pytest.raises(Damaged, match="cannot be read"):
        read_state(tmp_path)
