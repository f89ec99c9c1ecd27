from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import AqaBenchError, DataError, UsageError
from aqa_bench.core.sample import UInt8Array
from aqa_bench.media.frame_store import FrameStore, build, estimated_bytes, open_store, store_folder
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import decode, encode

SIZE = 24
LENGTHS = {"a": 5, "b": 9, "c": 3, "d": 7}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    random = np.random.default_rng(0)
    for name, length in LENGTHS.items():
        frames = random.integers(0, 256, (length, 4, 6, 3), dtype=np.uint8)
        encode(folder / f"{name}.mp4", frames.repeat(8, axis=1).repeat(8, axis=2))
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "cut.mp4").write_bytes((folder / "b.mp4").read_bytes()[:900])
    with zipfile.ZipFile(folder / "videos.zip", "w") as archive:
        archive.write(folder / "d.mp4", "videos/d.mp4")
    return folder


@pytest.fixture
def clips(media: Path) -> dict[str, MediaFile]:
    files = {name: MediaFile(media / f"{name}.mp4") for name in ("a", "b", "c", "empty", "cut")}
    return {**files, "d": MediaFile(media / "videos.zip", "videos/d.mp4")}


class Counter:
    def __init__(self) -> None:
        self.tasks: list[tuple[str, int | None]] = []
        self.steps = 0

    def start(self, task: str, total: int | None = None) -> None:
        self.tasks.append((task, total))
        self.steps = 0

    def advance(self, steps: int = 1, **fields: object) -> None:
        self.steps += steps

    def close(self) -> None:
        assert self.steps == self.tasks[-1][1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_holds_what_the_decoder_gives(clips: dict[str, MediaFile], tmp_path: Path, jobs: int) -> None:
    progress = Counter()
    store = build(clips, tmp_path, SIZE, fingerprint="f", jobs=jobs, progress=progress)
    assert dict(store.lengths) == LENGTHS
    assert len(store) == 4
    assert store.array.shape == (sum(LENGTHS.values()), SIZE, SIZE, 3)
    assert store.nbytes == estimated_bytes(sum(LENGTHS.values()), SIZE)
    for clip in LENGTHS:
        expected = decode(clips[clip], size=SIZE)
        np.testing.assert_array_equal(store.frames(clip), expected)
        pick = [2, 0, 0, 1]
        np.testing.assert_array_equal(store.frames(clip, pick), expected[pick])
        start = store.offsets[clip]
        np.testing.assert_array_equal(store.array[start : start + LENGTHS[clip]], expected)
    assert progress.tasks == [("Counting frames", 6), ("Decoding", 4)]


def test_damaged_clips_are_counted_and_named(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    store = build(clips, tmp_path, SIZE, fingerprint="f")
    assert set(store.skipped) == {"empty", "cut"}
    assert store.skipped["empty"] == "an empty file"
    assert "cut" not in store
    with pytest.raises(DataError, match="skipped: an empty file"):
        store.frames("empty")
    with pytest.raises(DataError, match="unknown id"):
        store.frames("z")


def test_a_store_of_nothing_but_damage(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    store = build({"empty": clips["empty"]}, tmp_path, SIZE, fingerprint="f")
    assert len(store) == 0
    assert store.array.shape == (0, SIZE, SIZE, 3)


def test_frames_outside_a_clip(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    store = build(clips, tmp_path, SIZE, fingerprint="f")
    assert store.frames("a", []).shape == (0, SIZE, SIZE, 3)
    for index in (-1, LENGTHS["a"]):
        with pytest.raises(DataError, match="no such frame"):
            store.frames("a", [0, index])


def test_what_was_read_cannot_change_the_store(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    store = build(clips, tmp_path, SIZE, fingerprint="f")
    store.frames("a", [0])[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        store.frames("a")[:] = 0
    np.testing.assert_array_equal(store.frames("a"), decode(clips["a"], size=SIZE))


def test_a_second_build_decodes_nothing(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    first = build(clips, tmp_path, SIZE, fingerprint="f")
    gone = {name: MediaFile(Path("gone")) for name in clips}
    progress = Counter()
    second = build(gone, tmp_path, SIZE, fingerprint="f", progress=progress)
    assert second.folder == first.folder
    assert progress.tasks == []


def test_anything_that_shapes_a_store_gives_another_one(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    fewer = dict(list(clips.items())[1:])
    stores = [
        build(clips, tmp_path, SIZE, fingerprint="f"),
        build(clips, tmp_path, SIZE, fingerprint="g"),
        build(clips, tmp_path, SIZE, "letterbox", fingerprint="f"),
        build(clips, tmp_path, SIZE + 8, fingerprint="f"),
        build(fewer, tmp_path, SIZE, fingerprint="f"),
    ]
    assert len({store.folder for store in stores}) == len(stores)
    expected = decode(clips["a"], size=SIZE, fit="letterbox")
    np.testing.assert_array_equal(stores[2].frames("a"), expected)


def test_pickles_and_opens_by_folder(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    store = build(clips, tmp_path, SIZE, fingerprint="f")
    folder = store_folder(tmp_path, list(clips), SIZE, "squash", "f")
    for other in (pickle.loads(pickle.dumps(store)), open_store(folder), FrameStore(folder)):  # noqa: S301
        np.testing.assert_array_equal(other.array, store.array)
        assert other.fingerprint == "f"


def test_readers_and_images(tmp_path: Path) -> None:
    from PIL import Image

    class Numbered:
        def __init__(self, length: int, claimed: int | None = None) -> None:
            self.length, self.claimed = length, length if claimed is None else claimed

        def __len__(self) -> int:
            return self.claimed

        def __call__(self, size: int, fit: str) -> UInt8Array:
            return (
                np.arange(self.length, dtype=np.uint8)[:, None, None, None]
                .repeat(size, 1)
                .repeat(size, 2)
                .repeat(3, 3)
            )

    def wrong(size: int, fit: str) -> UInt8Array:
        return np.zeros((1, size, size + 1, 3), np.uint8)

    class Wrong(Numbered):
        __call__ = staticmethod(wrong)

    Image.new("RGB", (10, 20), (1, 2, 3)).save(tmp_path / "i.png")
    clips = {
        "reader": Numbered(4),
        "fewer": Numbered(2, claimed=5),
        "more": Numbered(5, claimed=2),
        "none": Numbered(0),
        "wrong": Wrong(1),
        "image": MediaFile(tmp_path / "i.png"),
    }
    store = build(clips, tmp_path, SIZE, fingerprint="f")
    assert dict(store.lengths) == {"reader": 4, "fewer": 2, "image": 1}
    assert store.frames("reader")[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert store.frames("image")[0, 0, 0].tolist() == [1, 2, 3]
    assert set(store.skipped) == {"more", "none", "wrong"}


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    from aqa_bench.core.progress import NullProgress
    from aqa_bench.media.frame_store import build
    from aqa_bench.media.source import MediaFile

    class Killer(NullProgress):
        done = -1
        def start(self, task, total=None):
            self.done = -1 if task != "Decoding" else 0
        def advance(self, steps=1, **fields):
            self.done += self.done >= 0 and steps
            if self.done == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

    if __name__ == "__main__":
        media = Path(sys.argv[1])
        clips = {name: MediaFile(media / f"{name}.mp4") for name in "abcd"}
        store = build(clips, Path(sys.argv[2]), 24, fingerprint="f", progress=Killer())
        print(store.folder)
"""


def start(tmp_path: Path, media: Path, kill_after: int) -> subprocess.Popen[str]:
    script = tmp_path / "build.py"
    script.write_text(textwrap.dedent(SCRIPT))
    arguments = [sys.executable, str(script), str(media), str(tmp_path / "stores"), str(kill_after)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)


def test_goes_on_after_kill_9(media: Path, tmp_path: Path) -> None:
    clips = {name: MediaFile(media / f"{name}.mp4") for name in "abcd"}
    assert start(tmp_path, media, kill_after=2).wait(60) == -signal.SIGKILL
    folder = store_folder(tmp_path / "stores", list(clips), SIZE, "squash", "f")
    with pytest.raises(DataError, match="no finished frame store"):
        open_store(folder)
    journal = folder / "done.jsonl"
    assert len(journal.read_text().splitlines()) == 2
    # A crash may also cut a line off, or lose what was written of a clip.
    journal.write_text(journal.read_text() + '{"clip":"c","fra')
    with (folder / "frames.u8").open("r+b") as array:
        array.write(bytes(100))

    decoded = Counter()
    already = []

    class Recorder(Counter):
        def advance(self, steps: int = 1, **fields: object) -> None:
            already.append(steps)
            super().advance(steps)

    decoded = Recorder()
    store = build(
        {**clips, "b": MediaFile(Path("gone"))}, tmp_path / "stores", SIZE, fingerprint="f", progress=decoded
    )
    assert already[0] == 1  # clip a was overwritten, clip b is intact and not read again
    for clip in "abcd":
        np.testing.assert_array_equal(store.frames(clip), decode(clips[clip], size=SIZE))
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "frames.u8", "index.json"]


def test_two_processes_build_one_store(media: Path, tmp_path: Path) -> None:
    workers = [start(tmp_path, media, kill_after=-9) for _ in range(2)]
    folders = {worker.communicate(timeout=60)[0].strip() for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(folders) == 1
    store = open_store(Path(folders.pop()))
    np.testing.assert_array_equal(store.frames("b"), decode(media / "b.mp4", size=SIZE))


def test_the_size_is_logged_before_decoding(
    clips: dict[str, MediaFile], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        build(clips, tmp_path, SIZE, fingerprint="f")
    assert "4 clips, 24 frames" in caplog.messages[0]
    assert "2 of 6 clips could not be decoded" in caplog.messages[-1]


def test_no_space_is_an_error_and_not_a_skipped_clip(
    clips: dict[str, MediaFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(AqaBenchError, match="not enough space"):
        build(clips, tmp_path, SIZE, fingerprint="f")


def test_a_root_that_cannot_be_written_to(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AqaBenchError, match="could not be written"):
        build(clips, tmp_path / "file", SIZE, fingerprint="f")


def test_wrong_requests(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        build(clips, tmp_path, 0, fingerprint="f")
    with pytest.raises(UsageError):
        build(clips, tmp_path, SIZE, "crop", fingerprint="f")  # type: ignore[arg-type]


def test_damaged_stores_are_refused(clips: dict[str, MediaFile], tmp_path: Path) -> None:
    folder = build(clips, tmp_path, SIZE, fingerprint="f").folder
    os.truncate(folder / "frames.u8", 100)
    with pytest.raises(DataError, match="damaged"):
        open_store(folder)
    for text in ("{", "[]", json.dumps({"size": 3})):
        (folder / "index.json").write_text(text)
        with pytest.raises(DataError, match="no finished"):
            open_store(folder)
