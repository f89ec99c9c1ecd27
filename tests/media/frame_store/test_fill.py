from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.media.frame_store.encoding import JPEG, RAW, Encoding
from aqa_bench.media.frame_store.fill import fill
from aqa_bench.media.frame_store.room import NoRoomError
from aqa_bench.media.frame_store.store import FrameStore, StoredFrames

from .drawn import SIDE, Counter, Drawn, pictures

STORED = StoredFrames(SIDE)


def drawn(count: int, **how: float) -> dict[str, Drawn]:
    return {f"clip {seed}": Drawn(seed, 3 + seed, **how) for seed in range(count)}  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", [RAW, JPEG], ids=lambda e: e.name)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_store_has_every_clip(tmp_path: Path, encoding: Encoding, threads: int) -> None:
    progress, readers = Counter(), drawn(7)
    filled = fill(FrameStore(tmp_path, STORED, encoding), readers, threads=threads, progress=progress)
    assert not filled.skipped
    assert progress.tasks == [("decoding", 7)]
    for seed, (key, file) in enumerate(sorted(filled.clips.items())):
        assert key == f"clip {seed}"
        out = np.empty((3 + seed, SIDE, SIDE, 3), np.uint8)
        file.read(range(3 + seed), out, range(3 + seed))
        difference = np.abs(out.astype(int) - pictures(seed, 3 + seed))
        assert difference.max() <= (0 if encoding.is_exact else 12)


def test_methods_that_drop_different_clips_share_one_store(tmp_path: Path) -> None:
    readers = drawn(9)
    few = {key: readers[key] for key in list(readers)[:8]}
    others = {key: readers[key] for key in list(readers)[2:]}
    stores = []
    for part in (few, others, readers):
        store = FrameStore(tmp_path, STORED)
        assert fill(store, part).clips.keys() == part.keys()
        stores.append(store.folder)
    assert len(set(stores)) == 1
    assert [reader.decoded for reader in readers.values()] == [1] * 9
    assert len(list(stores[0].glob("*.frames"))) == 9


def test_a_second_run_decodes_nothing_and_checks_everything(tmp_path: Path) -> None:
    fill(FrameStore(tmp_path, STORED), drawn(4))
    progress, readers = Counter(), drawn(4)
    fill(FrameStore(tmp_path, STORED), readers, progress=progress)
    assert progress.tasks == [("checking decoded frames", 4)]
    assert not any(reader.decoded for reader in readers.values())


def test_only_what_is_damaged_or_missing_is_decoded_again(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, STORED)
    fill(store, drawn(5))
    os.truncate(store.path("clip 1"), 1000)
    store.path("clip 3").unlink()
    readers = drawn(5)
    assert len(fill(FrameStore(tmp_path, STORED), readers).clips) == 5
    assert [reader.decoded for reader in readers.values()] == [0, 1, 0, 1, 0]


def test_clips_that_cannot_be_decoded_are_named_and_tried_again(tmp_path: Path) -> None:
    readers = drawn(4)
    readers["clip 2"].broken = True
    readers["clip 0"].claimed = 9
    filled = fill(FrameStore(tmp_path, STORED), readers, threads=2)
    assert filled.clips.keys() == {"clip 1", "clip 3"}
    assert filled.skipped["clip 2"] == "truncated"
    assert filled.skipped["clip 0"] == f"(3, {SIDE}, {SIDE}, 3) uint8"
    readers["clip 2"].broken = False
    assert "clip 2" in fill(FrameStore(tmp_path, STORED), readers).clips


def test_no_space_is_an_error_and_not_a_skipped_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_FRAMES_LIMIT", "0.05MB")
    readers = drawn(6)
    with pytest.raises(NoRoomError, match=r"limit of 0\.1 MB"):
        fill(FrameStore(tmp_path, STORED), readers)
    assert not any(reader.decoded for reader in readers.values())
    # JPEGs of noise take more than was expected: that is found while they are written.
    monkeypatch.setattr(Encoding, "expected_bytes", lambda *_: 1)
    with pytest.raises(NoRoomError):
        fill(FrameStore(tmp_path, STORED), readers, threads=2)


def test_a_root_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AqaBenchError, match="could not be created or locked"):
        fill(FrameStore(tmp_path / "file", STORED), drawn(1))


def test_threads_that_fill_one_store_share_the_work(tmp_path: Path) -> None:
    readers = drawn(24, seconds=0.01)
    found: list[int] = []

    def work() -> None:
        found.append(len(fill(FrameStore(tmp_path, STORED), readers, threads=2).clips))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [24] * 3
    assert [reader.decoded for reader in readers.values()] == [1] * 24


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from drawn import SIDE, Drawn
    from aqa_bench.core.progress import NullProgress
    from aqa_bench.media.frame_store.fill import fill
    from aqa_bench.media.frame_store.store import FrameStore, StoredFrames

    class Killer(NullProgress):
        done = 0
        def advance(self, steps=1, **fields):
            self.done += steps
            if self.done == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

    if __name__ == "__main__":
        readers = {f"clip {n}": Drawn(n, 3 + n, seconds=0.02) for n in range(12)}
        filled = fill(FrameStore(Path(sys.argv[2]), StoredFrames(SIDE)), readers, progress=Killer())
        assert len(filled.clips) == 12
        print(sum(reader.decoded for reader in readers.values()))
"""


def start(folder: Path, stores: Path, kill_after: int) -> subprocess.Popen[str]:
    script = folder / "fill.py"
    # Once: a process that starts may be reading it.
    if not script.exists():
        script.write_text(textwrap.dedent(SCRIPT))
    arguments = [sys.executable, str(script), str(Path(__file__).parent), str(stores), str(kill_after)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)


def test_goes_on_after_kill_9(tmp_path: Path) -> None:
    stores = tmp_path / "stores"
    assert start(tmp_path, stores, kill_after=5).wait(60) == -signal.SIGKILL
    store = FrameStore(stores, STORED)
    readers = drawn(12)
    assert len(store.present(readers)) == 5
    # A crash in the middle of a clip leaves a part of it under another name.
    missing = next(key for key in readers if not store.present([key]))
    store.path(missing).with_name(f".{store.path(missing).name}.part").write_bytes(b"half")
    assert len(fill(store, readers).clips) == 12
    assert sum(reader.decoded for reader in readers.values()) == 7
    assert not list(store.folder.glob(".*.part"))


def test_processes_that_fill_one_store_share_the_work(tmp_path: Path) -> None:
    workers = [start(tmp_path, tmp_path / "stores", kill_after=-1) for _ in range(3)]
    decoded = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sum(decoded) == 12
