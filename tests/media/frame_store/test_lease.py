from __future__ import annotations

import multiprocessing
from pathlib import Path

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
    import os

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
