from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.frame_store.lease import hold, in_use


def test_files_are_in_use_until_the_lease_is_given_up(tmp_path: Path) -> None:
    first = hold(tmp_path, [tmp_path / "s" / "a.frames", tmp_path / "s" / "b.frames"])
    second = hold(tmp_path, [tmp_path / "s" / "b.frames"])
    assert in_use(tmp_path) == {"s/a.frames", "s/b.frames"}
    first()
    assert in_use(tmp_path) == {"s/b.frames"}
    second()
    assert in_use(tmp_path) == set()
    assert not list((tmp_path / ".leases").iterdir())


def _hold_and_die(root: Path) -> None:
    hold(root, [root / "a.frames"])
    os._exit(1)


def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 1
    assert len(list((tmp_path / ".leases").iterdir())) == 1
    assert in_use(tmp_path) == set()
    assert not list((tmp_path / ".leases").iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"7", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_lease_of_the_living_is_named_and_one_of_the_dead_goes(
    tmp_path: Path, content: bytes
) -> None:
    release = hold(tmp_path, [tmp_path / "a.frames"])
    (lease,) = (tmp_path / ".leases").iterdir()
    lease.write_bytes(content)
    with pytest.raises(DataError, match=f"Wait until process {os.getpid()} has ended") as caught:
        in_use(tmp_path)
    assert caught.value.where == str(lease)
    release()
    lease.write_bytes(content)
    assert in_use(tmp_path) == set()
