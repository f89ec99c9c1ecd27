from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.media.source import MediaFile
from aqa_bench.media.video import decode, encode, iter_frames, probe

N, H, W = 40, 48, 64


def numbered(n: int = N, height: int = H, width: int = W) -> np.ndarray:
    """Frames whose grey level tells their number."""
    levels = np.linspace(10, 245, n).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (n, height, width, 3)).copy()


def number_of(frames: np.ndarray, n: int = N) -> list[int]:
    levels = np.linspace(10, 245, n)
    return [int(np.abs(levels - level).argmin()) for level in frames.mean(axis=(1, 2, 3))]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("video") / "a.mp4", numbered())


def test_probe_counts_and_describes(clip: Path) -> None:
    for count in ("packets", "frames"):
        info = probe(clip, count=count)  # type: ignore[arg-type]
        assert (info.frames, info.fps, info.width, info.height, info.codec) == (N, 30.0, W, H, "h264")
        assert info.duration_s == pytest.approx(N / 30)
        assert info.rotation == 0


def test_decodes_every_frame_in_order(clip: Path) -> None:
    frames = decode(clip)
    assert frames.shape == (N, H, W, 3)
    assert frames.dtype == np.uint8
    assert number_of(frames) == list(range(N))
    np.testing.assert_array_equal(np.stack(list(iter_frames(clip, threads=1))), frames)


def test_is_lossless_enough(clip: Path) -> None:
    assert np.abs(decode(clip).astype(int) - numbered()).max() <= 3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(indices=st.lists(st.integers(0, N - 1), max_size=20))
def test_frame_numbers_are_exact(clip: Path, indices: list[int]) -> None:
    frames = decode(clip, indices, threads=1)
    assert frames.shape == (len(indices), H, W, 3)
    assert number_of(frames) == indices


def test_b_frames_and_variable_rate_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "vfr.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"bf": "4", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = W, H, "yuv420p"
        for number, frame in enumerate(numbered()):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = number**2
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    assert number_of(decode(path, [3, 20, 39])) == [3, 20, 39]
    assert probe(path).frames == N


def test_reads_archive_members_and_odd_names(clip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(clip, "videos/a.mp4")
    np.testing.assert_array_equal(decode(MediaFile(tmp_path / "v.zip", "videos/a.mp4")), decode(clip))
    odd = tmp_path / "http:café % \udcff.mp4"
    try:
        odd.write_bytes(clip.read_bytes())
    except OSError:
        pytest.skip("this file system refuses names that are not UTF-8")
    assert probe(odd).frames == N


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_rotation_metadata_are_honoured(tmp_path: Path, angle: int) -> None:
    frames = np.zeros((4, 32, 64, 3), np.uint8)
    frames[:, :16, :32] = (250, 0, 0)
    path = encode(tmp_path / "r.mp4", frames, rotation=angle)
    expected = np.rot90(frames, angle // 90, axes=(1, 2)).astype(int)
    assert probe(path).rotation == angle
    assert (probe(path).height, probe(path).width) == expected.shape[1:3]
    decoded = decode(path)
    assert decoded.shape == expected.shape
    assert np.abs(decoded - expected).mean() < 8
    boxed = decode(path, [0], 64, fit="letterbox")[0]
    assert (boxed.sum(axis=2) > 200).mean() == pytest.approx(0.125, abs=0.02)


def test_squash_and_letterbox(clip: Path) -> None:
    assert decode(clip, [0, 5], 32).shape == (2, 32, 32, 3)
    assert decode(clip, [], (20, 30)).shape == (0, 20, 30, 3)
    boxed = decode(clip, [39], 64, fit="letterbox")[0]
    assert boxed.shape == (64, 64, 3)
    assert (boxed[:8] == 0).all()
    assert (boxed[56:] == 0).all()
    assert (boxed[8:56] > 200).all()


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    stripes = np.zeros((2, 128, 128, 3), np.uint8)
    stripes[:, :, ::2] = 255
    small = decode(encode(tmp_path / "s.mp4", stripes, crf=1), [0], 16)
    assert np.abs(small[0, :, 2:-2].astype(int) - 127).max() < 12


def test_a_frame_beyond_the_end(clip: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)fewer frames.*frame 40.*40 frames"):
        decode(clip, [0, N])
    with pytest.raises(UsageError):
        decode(clip, [-1])


def damaged(kind: str, whole: bytes) -> bytes:
    if kind.startswith("cut"):
        return whole[: int(len(whole) * int(kind[3:]) / 100)]
    return {"empty": b"", "text": b"not a video " * 50, "zeros": bytes(5000)}[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "zeros", "cut10", "cut50", "cut90", "cut99"])
@pytest.mark.parametrize("faststart", [False, True])
def test_damage_is_a_data_error_with_file_and_reason(tmp_path: Path, kind: str, faststart: bool) -> None:
    path = tmp_path / "whole.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (30, H, W, 3), dtype=np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = W, H, "yuv420p"
        for frame in noise:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(damaged(kind, path.read_bytes()))
    for read in (probe, decode):
        with pytest.raises(DataError, match=r"broken\.mp4") as caught:
            read(broken)
        assert caught.value.found


def test_missing_files_and_files_without_video(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.mp4"):
        decode(tmp_path / "none.mp4")
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        silence.rate = 8000
        container.mux(stream.encode(silence))
    with pytest.raises(DataError, match="no video stream"):
        probe(sound)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_bytes_never_raise_anything_else(clip: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(clip.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 8))
        content[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    path = tmp_path / "hostile.mp4"
    path.write_bytes(bytes(content))
    for read in (probe, lambda p: decode(p, size=16)):
        try:
            read(path)
        except DataError:
            continue


def test_an_unknown_codec(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(clip.read_bytes().replace(b"avc1", b"\0\0\0\0").replace(b"avcC", b"\0\0\0\0"))
    with pytest.raises(DataError, match="unknown codec"):
        decode(path)


def test_a_playlist_opens_nothing(tmp_path: Path, clip: Path) -> None:
    playlist = tmp_path / "a.mp4"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(DataError):
        decode(playlist)


def test_encode_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    for frames in (np.zeros((2, 3, 4, 3), np.uint8), np.zeros((2, 4, 4)), np.zeros((0, 4, 4, 3), np.uint8)):
        with pytest.raises(UsageError):
            encode(tmp_path / "a.mp4", frames)


def test_real_clip(shared_data: Path) -> None:
    path = shared_data / "pose-trainer" / "sample_bicep_curl.mp4"
    info = probe(path, count="frames")
    assert (info.frames, info.fps, info.width, info.height) == (67, 30.0, 522, 294)
    with av.open(io.BytesIO(path.read_bytes())) as container:
        reference = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.abs(decode(path, [66])[0].astype(int) - reference[66]).mean() < 1


def test_torchcodec_is_optional(clip: Path) -> None:
    try:
        import torchcodec.decoders  # noqa: F401
    except (ImportError, RuntimeError, OSError):
        with pytest.raises(UsageError, match="torchcodec"):
            decode(clip, [1], backend="torchcodec")
        return
    frames = decode(clip, [5, 1], 32, backend="torchcodec")
    assert number_of(frames) == [5, 1]


def test_unknown_backend(clip: Path) -> None:
    with pytest.raises(UsageError, match="pyav or torchcodec"):
        decode(clip, backend="opencv")  # type: ignore[arg-type]


def test_media_imports_no_torch() -> None:
    names = ("video", "images", "source", "clips", "trajectory", "trajectory_files", "frame_store", "pose")
    code = ";".join(f"import aqa_bench.media.{name}" for name in names)
    subprocess.run([sys.executable, "-c", f"{code};import sys;assert 'torch' not in sys.modules"], check=True)


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        # (a, b, c, d) takes (x, y) to (a x + c y, b x + d y); y points down.
        ((1, 0, 0, 1), "1234"),
        ((-1, 0, 0, 1), "2143"),
        ((1, 0, 0, -1), "3412"),
        ((-1, 0, 0, -1), "4321"),
        ((0, 1, 1, 0), "1324"),
        ((0, -1, -1, 0), "4231"),
        ((0, 1, -1, 0), "3142"),
        ((0, -1, 1, 0), "2413"),
    ],
)
def test_mirrored_and_turned_pictures_are_shown_as_players_show_them(
    tmp_path: Path, matrix: tuple[int, ...], shown: str
) -> None:
    quarters = np.kron([[50, 100], [150, 200]], np.ones((16, 32))).astype(np.uint8)
    path = encode(tmp_path / "a.mp4", np.broadcast_to(quarters[None, ..., None], (3, 32, 64, 3)).copy())
    content = bytearray(path.read_bytes())
    at = content.find(b"tkhd") + 4 + 40
    for place, number in zip((0, 4, 12, 16), matrix, strict=True):
        content[at + place : at + place + 4] = (number << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    frame = decode(path, [0])[0]
    corners = (frame[4, 4], frame[4, -4], frame[-4, 4], frame[-4, -4])
    assert "".join(str(round(corner.mean() / 50)) for corner in corners) == shown
    assert (probe(path).height, probe(path).width) == frame.shape[:2]


def test_a_picture_that_changes_its_size_is_fitted_into_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = b""
    for width, height in ((64, 64), (48, 32)):
        with av.open(str(tmp_path / "part.h264"), "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height = width, height
            for frame in 100 + numbered(4, height, width) // 2:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
        content += (tmp_path / "part.h264").read_bytes()
    path = tmp_path / "call.h264"
    path.write_bytes(content)
    assert (probe(path).width, probe(path).height) == (64, 64)
    whole = decode(path)
    assert "changes its size from 64 x 64 to 48 x 32" in caplog.text
    assert whole.shape == (8, 64, 64, 3)
    # 48 x 32 in 64 x 64: 43 lines of picture between bars.
    assert (whole[:4] > 60).all()
    assert (whole[4:, :10] == 0).all()
    assert (whole[4:, 11:53] > 60).all()
    np.testing.assert_array_equal(decode(path, [0, 6]), whole[[0, 6]])
    np.testing.assert_array_equal(decode(path, [6]), whole[[6]])
    assert decode(path, [0, 6], 16).shape == (2, 16, 16, 3)


def test_packets_of_vp8_that_show_nothing_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in numbered(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert probe(path).frames == probe(path, count="frames").frames == 20
    with av.open(str(path)) as container:
        first = [bytes(packet)[:12] for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    for start in first[7:9]:
        # The fifth bit says whether the frame is shown; encoders make such packets for others to refer to.
        content = content.replace(start, bytes([start[0] & ~0x10]) + start[1:], 1)
    path.write_bytes(content)
    assert probe(path).frames == probe(path, count="frames").frames == 18


def test_pixels_that_are_not_square_are_shown_square(tmp_path: Path) -> None:
    path = tmp_path / "dv.mp4"
    disc = np.zeros((4, 48, 64, 3), np.uint8)
    y, x = np.mgrid[:48, :64]
    # An ellipse as stored: a circle once its pixels are 3 / 2 as wide as high.
    disc[:, ((y - 24) / 15) ** 2 + ((x - 32) / 10) ** 2 < 1] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        for frame in disc:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert (probe(path).width, probe(path).height) == (96, 48)
    seen = decode(path)[0, ..., 0] > 127
    assert seen.shape == (48, 96)
    assert seen.any(axis=0).sum() == pytest.approx(30, abs=2)
    assert seen.any(axis=1).sum() == pytest.approx(30, abs=2)
    boxed = decode(path, [0], 96, fit="letterbox")[0, ..., 0] > 127
    assert boxed.any(axis=0).sum() == pytest.approx(boxed.any(axis=1).sum(), abs=2)


@pytest.mark.parametrize(("transfer", "name"), [(18, "HLG"), (16, "PQ"), (1, None)])
def test_hdr_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, transfer: int, name: str | None
) -> None:
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        stream.codec_context.color_trc = transfer
        for frame in numbered(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert probe(path).hdr == name
    decode(path)
    decode(path)
    assert caplog.text.count("without tone mapping") == (name is not None)


def test_packets_of_mpeg4_that_show_nothing_are_not_counted(tmp_path: Path) -> None:
    """An empty picture, as encoders with packed B-frames leave behind: in the container, and never shown."""
    path, odd = tmp_path / "a.avi", tmp_path / "odd.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in numbered(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    packets = 0
    with av.open(str(path)) as source, av.open(str(odd), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                content = bytes(packet) if packets not in (4, 7) else bytes.fromhex("000001b650cf")
                copy = av.Packet(content)
                copy.pts = copy.dts = packets
                copy.time_base, copy.stream = Fraction(1, 25), stream
                target.mux(copy)
                packets += 1
    assert packets == 10
    assert probe(path).frames == 10
    frames = probe(odd, count="frames").frames
    assert frames < 10
    assert probe(odd).frames == frames == len(decode(odd))
