from __future__ import annotations

from pathlib import Path

import numpy as np

from aqa_bench.core.files import sha256_file
from aqa_bench.core.state import State, pack_state, read_state
from aqa_bench.protocol.saved.folder import SHARED_FILE, state_file, write_states


def written(tmp_path: Path, *states: State) -> tuple[Path, dict, str | None]:
    files = {("t", f"f{i}"): tmp_path / f"{i}" for i in range(len(states))}
    for file, state in zip(files.values(), states, strict=True):
        file.write_bytes(pack_state(state))
    folder = tmp_path / "model"
    folder.mkdir()
    return folder, *write_states(folder, files)


def test_what_all_fits_have_alike_is_written_once(tmp_path: Path) -> None:
    backbone = np.random.default_rng(0).normal(size=(50, 50))
    states = [
        State({"n": n}, {"backbone": backbone, "head": np.full(3, n), "x": np.ones(2)}) for n in range(3)
    ]
    states[2].arrays["x"][0] = 2  # type: ignore[index]
    folder, digests, shared = written(tmp_path, *states)
    assert set(read_state(folder / SHARED_FILE).arrays) == {"backbone"}
    assert shared == sha256_file(folder / SHARED_FILE)
    for n, state in enumerate(states):
        own = state_file(folder, "t", f"f{n}")
        found = read_state(own)
        assert (found.facts, set(found.arrays)) == ({"n": n}, {"head", "x"})
        np.testing.assert_array_equal(found.arrays["x"], state.arrays["x"])
        assert digests["t", f"f{n}"] == sha256_file(own)


def test_a_single_fit_stands_alone_and_types_are_told_apart(tmp_path: Path) -> None:
    folder, _, shared = written(tmp_path, State({}, {"a": np.ones(3)}))
    assert shared is None
    assert set(read_state(state_file(folder, "t", "f0")).arrays) == {"a"}
    other = tmp_path / "other"
    other.mkdir()
    _, _, shared = written(other, State({}, {"a": np.ones(3)}), State({}, {"a": np.ones(3, np.float32)}))
    assert shared is None
