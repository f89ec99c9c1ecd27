"""The three folder conventions and videos read to the same content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.task import Modality
from aqa_bench.media.dives.family import DiveFamily
from aqa_bench.media.video import encode

from .conftest import ENDS, TinyRelease, picture, write_frames

LAST = 130
FRAMES = range(1, LAST + 1)
EVENTS = (1, 2, 7)


def official(root: Path) -> None:
    for event in EVENTS:
        write_frames(root / "whole_videos_frames" / f"{event:02d}", event, FRAMES, "{:06d}.png".format)


def eight_digits(root: Path) -> None:
    for event in EVENTS:
        write_frames(root / "new" / "new_total_frames" / f"{event:02d}", event, FRAMES, "{:08d}.png".format)


def single_digit_from_zero(root: Path) -> None:
    for event in EVENTS:
        write_frames(root / "new_total_frames_256s" / str(event), event, FRAMES, "{:08d}.png".format, shift=1)


def cut(root: Path) -> None:
    """Frames of single dives, counted anew from 1, six more than needed after the window."""
    for (event, number), end in ENDS.items():
        numbers = range(end - 102, min(end + 6, LAST) + 1)
        folder = root / "data" / "frames" / f"{event:02d}_{number:02d}"
        write_frames(folder, event, numbers, "{:04d}.png".format, shift=end - 103)


def cut_with_own_numbers(root: Path) -> None:
    for (event, number), end in ENDS.items():
        numbers = range(end - 104, min(end + 3, LAST) + 1)
        write_frames(root / "frames" / f"{event:02d}_{number:02d}", event, numbers, "img_{:05d}.png".format)


def prepared(family: DiveFamily, tiny: TinyRelease, home: Path, *sources: Path, **options: str):
    sentences = family.prepare(None, [tiny.write(), *sources], home, options, NullProgress())
    return family.open("tiny-dives", home), sentences


@pytest.mark.parametrize(
    "convention", [official, eight_digits, single_digit_from_zero, cut, cut_with_own_numbers]
)
def test_every_folder_convention_reads_to_the_same_content(family, tiny, tmp_path, convention) -> None:
    convention(tmp_path / "footage")
    dataset, _ = prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    dataset.materialise(frozenset({Modality.FRAMES}), NullProgress())
    for (event, number), end in ENDS.items():
        media = dataset.samples("score")[f"{event:02d}_{number:02d}"].media
        frames = media.frames()
        assert frames.shape == (103, 12, 16, 3)
        np.testing.assert_array_equal(frames, [picture(event, n) for n in range(end - 102, end + 1)])
        np.testing.assert_array_equal(media.frames([102, 0, 0])[:, 5, 5, 0], [end, end - 102, end - 102])
        assert media.frames([0], size=8).shape == (1, 8, 8, 3)
        assert media.length == 103
        with pytest.raises(UsageError, match=r"0\.\.102"):
            media.frames([103])
    audit = dataset.audit()
    assert audit.ok
    assert audit.coverage.found == 6


def test_content_keys_are_of_content_not_of_names(family, tiny, tmp_path) -> None:
    keys = []
    for convention in (official, cut):
        convention(tmp_path / convention.__name__)
        dataset, _ = prepared(
            family, tiny, tmp_path / f"home-{convention.__name__}", tmp_path / convention.__name__
        )
        keys.append({i: s.media.content_key for i, s in dataset.samples("score").items()})
    assert keys[0] == keys[1]
    assert len(set(keys[0].values())) == 6


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos") / "whole_videos"
    folder.mkdir()
    for event in EVENTS:
        encode(folder / f"{event:02d}.mp4", np.stack([picture(event, n) for n in FRAMES]), fps=25)
    return folder.parent


def test_videos_are_read_directly_and_extracted_frames_are_the_same(family, tiny, tmp_path, videos) -> None:
    home = tmp_path / "home"
    dataset, sentences = prepared(family, tiny, home, videos)
    assert any("extract=frames" in text for text in sentences)
    media = dataset.samples("score")["07_102"].media
    assert media.fps == 25
    direct = media.frames([0, 50, 102]).astype(int)
    assert np.abs(direct[:, 6, 8, 0] - [121 - 102, 121 - 52, 121]).max() <= 3
    extracted, sentences = prepared(family, tiny, home, videos, extract="frames")
    assert not any("extract=frames" in text for text in sentences)
    cut_out = extracted.samples("score")["07_102"].media.frames([0, 50, 102]).astype(int)
    assert np.abs(cut_out - direct).max() <= 6
    assert sorted(p.name for p in (home / "frames" / "07_102").iterdir())[0] == "000016.jpg"
    assert len(list((home / "frames" / "07_102").iterdir())) == 103 + 2 * 3
    # What was cut out serves without the videos, and is not written again.
    stamp = (home / "frames" / "07_102").stat().st_mtime_ns
    again, _ = prepared(family, tiny, home)
    assert again.index.footage["07_102"].kind == "folder"
    assert (home / "frames" / "07_102").stat().st_mtime_ns == stamp
    assert dataset.fingerprint() == extracted.fingerprint() == again.fingerprint()


def test_extraction_scales_to_a_height(family, tiny, tmp_path, videos) -> None:
    dataset, _ = prepared(family, tiny, tmp_path / "home", videos, extract="frames", height="6")
    assert dataset.samples("score")["01_01"].media.frames([0]).shape == (1, 6, 8, 3)


def test_a_gap_names_expected_and_found_counts_and_loses_nothing_else(family, tiny, tmp_path) -> None:
    official(tmp_path / "footage")
    for number in range(1, 10):
        (tmp_path / "footage" / "whole_videos_frames" / "02" / f"{number:06d}.png").unlink()
    (tmp_path / "footage" / "whole_videos_frames" / "02" / "000060.png").unlink()
    with pytest.raises(DataError, match="expected 121 frames from 10 to 130, found 120") as caught:
        prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    assert "2 of 2 dives" in caught.value.found
    dataset = family.open("tiny-dives", tmp_path / "home")
    assert sorted(dataset.index.footage) == ["01_01", "01_02", "07_01", "07_102"]
    with pytest.raises(DataError, match="frames of 4"):
        dataset.materialise(frozenset({Modality.FRAMES}), NullProgress())
    dataset.materialise(frozenset({Modality.ATTRIBUTES}), NullProgress())
    audit = dataset.audit()
    assert not audit.ok
    assert audit.coverage.missing == ["02_01", "02_02"]


def test_a_gap_outside_of_every_window_does_no_harm(family, tiny, tmp_path) -> None:
    official(tmp_path / "footage")
    (tmp_path / "footage" / "whole_videos_frames" / "02" / "000126.png").unlink()
    dataset, _ = prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    assert len(dataset.index.footage) == 6


@pytest.mark.parametrize(("kept", "found"), [(range(1, 66), 65), (range(1, 251), 250)])
def test_another_frame_rate_is_noticed(family, tiny, tmp_path, kept, found) -> None:
    write_frames(tmp_path / "footage" / "01", 1, kept, "{:06d}.png".format)
    with pytest.raises(DataError, match=f"at least 118 frames.*at most 177, found {found}"):
        prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    assert family.open("tiny-dives", tmp_path / "home").index.footage == {}


def test_a_short_cut_is_noticed(family, tiny, tmp_path) -> None:
    write_frames(tmp_path / "footage" / "01_01", 1, range(1, 91), "{:04d}.png".format)
    with pytest.raises(DataError, match="expected 103 consecutive frames of dive 01_01, found 90"):
        prepared(family, tiny, tmp_path / "home", tmp_path / "footage")


def test_a_damaged_video_is_named(family, tiny, tmp_path) -> None:
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "01.mp4").write_bytes(b"not a video")
    with pytest.raises(DataError, match=r"01\.mp4"):
        prepared(family, tiny, tmp_path / "home", tmp_path / "footage")


def test_frames_that_vanish_are_noticed(family, tiny, tmp_path) -> None:
    official(tmp_path / "footage")
    dataset, _ = prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    (tmp_path / "footage" / "whole_videos_frames" / "01" / "000100.png").unlink()
    media = dataset.samples("score")["01_01"].media
    with pytest.raises(DataError, match=r"000100\.png"):
        media.frames([92])
    with pytest.raises(DataError, match=r"000100\.png"):
        _ = media.content_key
    audit = dataset.audit()
    assert len(audit.coverage.unreadable) == 2
    assert not audit.ok


def test_leaving_out_what_has_no_frames_makes_another_dataset(family, tiny, tmp_path) -> None:
    official(tmp_path / "footage")
    for file in (tmp_path / "footage" / "whole_videos_frames" / "02").iterdir():
        file.unlink()
    (tmp_path / "footage" / "whole_videos_frames" / "02").rmdir()
    whole, _ = prepared(family, tiny, tmp_path / "home", tmp_path / "footage")
    less, _ = prepared(family, tiny, tmp_path / "home", tmp_path / "footage", missing="leave-out")
    assert whole.fingerprint() != less.fingerprint()
    less.materialise(frozenset({Modality.FRAMES}), NullProgress())
    assert len(whole.samples("score")) == 6
    assert sorted(less.samples("score-dd")) == ["01_01", "01_02", "07_01", "07_102"]
    assert less.expected("score") == 6
    assert any("left out" in note for note in less.audit().notes)
