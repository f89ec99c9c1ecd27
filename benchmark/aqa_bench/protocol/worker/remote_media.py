"""Media as a method's worker sees them: every reader asks the runner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqa_bench.core.sample import FloatArray, Media, Sample, Trajectory, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.protocol.worker.arrays import array_of
from aqa_bench.protocol.worker.runner_link import RunnerLink

if TYPE_CHECKING:
    from aqa_bench.media.frame_store import Encoding, Filled, StoredFrames

__all__ = ["Reception", "RemoteMedia"]


class Reception:
    """Makes samples of what the runner says of them, and keeps what was asked before.

    Args:
        link: To the runner.
        frames: Folder of the frame stores, which only the runner fills.
    """

    def __init__(self, link: RunnerLink, frames: Path) -> None:
        self.link = link
        self.frames = frames
        self._scalars: dict[tuple[str, int], dict[str, Any]] = {}
        self._known: dict[int, RemoteMedia] = {}

    def samples(self, entered: Sequence[Sequence[Any]]) -> tuple[Sample, ...]:
        """The samples of a part, in its order."""
        return tuple(
            Sample(name, group, self._media(number, part, provides))
            for name, group, number, part, provides in entered
        )

    def scalar(self, name: str, number: int, part: int) -> Any:
        """A figure of a sample's media; those of a whole part are asked for at once."""
        if (name, part) not in self._scalars:
            self._scalars[name, part] = self.link.ask("scalars", name, part).header["value"]
        known = self._scalars[name, part]
        if str(number) not in known:
            known[str(number)] = self.link.ask(name, media=number).header["value"]
        return known[str(number)]

    def fill(self, media: Sequence[Media], stored: StoredFrames, encoding: Encoding, threads: int) -> Filled:
        """Have a frame store filled; the runner has checked the files that it names.

        Args:
            media: Clips that this reception has made.
            stored: Which frames, and their size.
            encoding: How they are kept.
            threads: Threads to decode with.
        """
        from aqa_bench.media.frame_store import ClipFile, Filled

        numbers = [m.number for m in media if isinstance(m, RemoteMedia)]
        settings = stored.resize, stored.crop, stored.frames, encoding.quality, threads
        value = self.link.ask("store", numbers, *settings).header["value"]
        clips = {key: ClipFile.open(Path(path), check=False) for key, path in value["files"].items()}
        return Filled(clips, value["skipped"])

    def _media(self, number: int, part: int, provides: Sequence[str]) -> RemoteMedia:
        if number not in self._known:
            self._known[number] = RemoteMedia(self, number, part, frozenset(map(Modality, provides)))
        return self._known[number]


class RemoteMedia(Media):
    """Lazy readers of one sample, all of which ask the runner.

    Args:
        keeper: Asks.
        number: What the runner calls it.
        part: Number of the part that it came with.
        provides: The modalities that can be read.
    """

    def __init__(self, keeper: Reception, number: int, part: int, provides: frozenset[Modality]) -> None:
        self.keeper = keeper
        self.number = number
        self.provides = provides
        self._part = part

    def __repr__(self) -> str:
        return "media of a sample"

    @property
    def length(self) -> int:
        """Number of frames."""
        return int(self.keeper.scalar("length", self.number, self._part))

    @property
    def content_key(self) -> str:
        """Names the content, keyed by the runner's cache."""
        return str(self.keeper.scalar("content_key", self.number, self._part))

    def draw_seed(self, name: str) -> int:
        """Seed of what is drawn for this sample."""
        return int(self._ask("draw seed", name).header["value"])

    @property
    def fps(self) -> float | None:
        """Frames per second, or None."""
        value: float | None = self.keeper.scalar("fps", self.number, self._part)
        return value

    @property
    def attributes(self) -> Mapping[str, float | str]:
        """What is known besides."""
        return dict(self._ask("attributes").header["value"])

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        """Frames ``(T, H, W, 3)``, in shared memory."""
        wanted = None if indices is None else [int(i) for i in indices]
        return array_of(self._ask("frames", wanted, None if size is None else int(size)))

    def image(self, size: int | None = None) -> UInt8Array:
        """The image ``(H, W, 3)``."""
        return array_of(self._ask("image", None if size is None else int(size)))

    def keypoints(self, layout: str) -> FloatArray:
        """Keypoints ``(T, V, 3)``."""
        return array_of(self._ask("keypoints", layout))

    def joints_3d(self, layout: str) -> FloatArray:
        """Joints ``(T, V, 4)``."""
        return array_of(self._ask("joints_3d", layout))

    def distances(self) -> FloatArray:
        """Distances ``(T, D)``."""
        return array_of(self._ask("distances"))

    def trajectory(self) -> Trajectory:
        """The barbell's trajectory."""
        answer = self._ask("trajectory")
        elevation, confidence = array_of(answer)
        return Trajectory(elevation, confidence, int(answer.header["turning_point"]))

    def bar_boxes(self) -> FloatArray:
        """Boxes ``(T, 4)``."""
        return array_of(self._ask("bar_boxes"))

    def features(self) -> FloatArray:
        """Features ``(T, D)`` or ``(D,)``."""
        return array_of(self._ask("features"))

    def _ask(self, question: str, *arguments: Any) -> Any:
        return self.keeper.link.ask(question, *arguments, media=self.number)
