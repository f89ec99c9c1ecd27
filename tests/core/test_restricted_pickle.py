from __future__ import annotations

import collections
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError
from aqa_bench.core.restricted_pickle import MAX_BYTES, read_pickle, unpickle

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_read_as_pickle_reads_them(value: object, protocol: int) -> None:
    assert unpickle(pickle.dumps(value, protocol), "x.pkl") == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        np.int64(-3), np.uint8(200), np.float32(1.5), np.float64("nan"), np.bool_(True),
        np.arange(6, dtype=np.uint8).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 2)), np.array([1, 2], dtype=">i4"),
    ],
)  # fmt: skip
def test_numpy_numbers_and_arrays_read_as_pickle_reads_them(value: object, protocol: int) -> None:
    content = pickle.dumps({"a": [value, value]}, protocol)
    if protocol == 5 and isinstance(value, np.ndarray):
        # Protocol 5 names numpy's _frombuffer, which no file of the time does.
        with pytest.raises(DataError, match="_frombuffer"):
            unpickle(content, "x.pkl")
        return
    found = unpickle(content, "x.pkl")["a"][0]  # type: ignore[index]
    np.testing.assert_array_equal(found, value)
    assert np.asarray(found).dtype == np.asarray(value).dtype.newbyteorder("=")


def test_numpy_numbers_as_python_2_wrote_them() -> None:
    # numpy.core.multiarray.scalar(dtype('i8', 0, 1), 8 raw bytes as a Python 2 string), protocol 2
    raw = struct.pack("<q", 200)
    content = (
        b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02i8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x08" + raw + b"\x86R."
    )
    assert unpickle(content, "x.pkl") == 200


def test_text_of_python_2_is_latin_1() -> None:
    assert unpickle(b"\x80\x02U\x04caf\xe9.", "x.pkl") == "café"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (collections.OrderedDict(a=1), "collections.OrderedDict"),
        ({1, 2}, "set"),
        (Path("x"), "pathlib"),
        (print, "print"),
        (np.array([object()]), "object"),
        (np.array(["text"]), "type"),
        (np.zeros(2, dtype=[("a", "i4")]), "V|structured|type"),
    ],
)
def test_anything_else_is_refused_by_name(value: object, named: str) -> None:
    protocol = 2
    with pytest.raises(DataError, match=named) as caught:
        unpickle(pickle.dumps(value, protocol), "bad.pkl")
    assert caught.value.where == "bad.pkl"


def test_a_command_is_refused_by_name_and_never_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    evil = f"cos\nsystem\n(S'touch {made}'\ntR.".encode()
    with pytest.raises(DataError, match="system") as caught:
        unpickle(evil, "bad.pkl")
    assert caught.value.where == "bad.pkl"
    assert not made.exists()


def test_a_forbidden_global_deep_inside_is_refused_too() -> None:
    content = b"(lp0\n(dp1\nI1\ncbuiltins\neval\nsa."
    with pytest.raises(DataError, match=r"the global (builtins|__builtin__)\.eval"):
        unpickle(content, "bad.pkl")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused_or_read_but_never_crashes(content: bytes) -> None:
    try:
        unpickle(content, "noise.pkl")
    except DataError as error:
        assert error.remedy  # noqa: PT017


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 120))
def test_a_truncated_pickle_is_refused(length: int) -> None:
    content = pickle.dumps([{"final_score": 1.5, "key": (i, np.int64(i))} for i in range(9)])
    with pytest.raises(DataError, match="refused"):
        unpickle(content[:length], "cut.pkl")


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "big.pkl").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(DataError, match="at most"):
        read_pickle(tmp_path / "big.pkl")
    with pytest.raises(DataError, match="could not be read"):
        read_pickle(tmp_path / "absent.pkl")
