"""The runner's side of media: a worker asks by number, and is answered with what that sample has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aqa_bench.core.errors import MethodError
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.protocol.worker.arrays import send_array
from aqa_bench.protocol.worker.asked import Asked
from aqa_bench.protocol.worker.failures import failure
from aqa_bench.protocol.worker.secret import keyed
from aqa_bench.protocol.worker.store_desk import fill_store
from aqa_bench.protocol.worker.wire import Channel, ClosedError

__all__ = ["MediaDesk"]

_LARGEST_SIDE = 8192
_LONGEST_NAME = 1000
_MOST_FRAMES = 1024
_MOST_BYTES = 4 << 30
_MOST_ERRORS = 1000
_REASON = re.compile(r"Media could not be read, for reason ([0-9]{1,9})\.")


class MediaDesk:
    """Answers what one worker asks of media; it knows the samples that the worker was given, and no others.

    Args:
        secret: Keys the content keys that are told.
        frames: Folder of the frame stores.
        progress: Shows the filling of a store.
        exact: What media know exactly, as their dataset's card says.
        shown: What of that the method may read, as its card says.

    Attributes:
        exact_read: What of it was read of samples to be judged.
        asked: What was asked of media, of samples to be judged or not.
    """

    def __init__(
        self,
        secret: bytes,
        frames: Path,
        progress: Progress | None = None,
        *,
        exact: frozenset[Modality] = frozenset(),
        shown: frozenset[Modality] = frozenset(Modality),
    ) -> None:
        self._secret = secret
        self._frames = frames
        self._progress = progress or NullProgress()
        self._media: list[Media] = []
        self._parts: list[list[int]] = []
        self._numbers: dict[str, int] = {}
        self._held: list[object] = []
        self._exact = exact
        self._hidden = exact - shown
        self._judged: set[int] = set()
        self.exact_read: set[Modality] = set()
        self.asked = Asked()
        self._numbers_of_errors = itertools.count(1)
        self._met: dict[str, dict[str, Any]] = {}

    def enter(self, samples: Sequence[Sample], *, judged: bool = False) -> list[list[Any]]:
        """Take samples in.

        Args:
            samples: A part of a split, or a pool.
            judged: Whether they are to be judged.

        Returns:
            For each: its id, its group, the number of its media, that of their part, and what they provide.
        """
        entered = []
        part: list[int] = []
        for sample in samples:
            if sample.id not in self._numbers:
                self._numbers[sample.id] = len(self._media)
                self._media.append(sample.media)
            number = self._numbers[sample.id]
            part.append(number)
            if judged:
                self._judged.add(number)
            provides = sorted(sample.media.provides - self._hidden)
            entered.append([sample.id, sample.group, number, len(self._parts), provides])
        self._parts.append(part)
        return entered

    def answer(self, channel: Channel, header: Mapping[str, Any]) -> None:
        """Answer one question, with the error where media or question are unfit."""
        number = header.get("id")
        try:
            self._answer(channel, {"id": number}, header)
        except ClosedError:
            pass
        except Exception as error:
            # Whatever a file of media does is the worker's to deal with: it may catch it, as it always could.
            channel.send({"id": number, "error": self._withheld(error)})

    def reworded(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """A worker's error, in the words that it was not told where it is one of media."""
        what = document.get("what")
        if not isinstance(what, str) or (told := _REASON.search(what)) is None:
            return document
        met = self._met.get(told[1], {"what": told[0]})
        known = {name: value for name, value in document.items() if value is not None}
        return {**met, **known, "what": what.replace(told[0], met["what"])}

    def _withheld(self, error: Exception) -> dict[str, Any]:
        """An error as a worker may know it: the words of media may name their file, which ids are to hide."""
        document = {k: v for k, v in failure(error).items() if k != "trace"}
        if isinstance(error, MethodError):
            return document
        number = next(self._numbers_of_errors)
        self._met[str(number)] = document
        self._met.pop(str(number - _MOST_ERRORS), None)
        return {"kind": document["kind"], "what": f"Media could not be read, for reason {number}."}

    def _answer(self, channel: Channel, reply: dict[str, Any], header: Mapping[str, Any]) -> None:
        ask, arguments = header.get("ask"), header.get("arguments", [])
        if not isinstance(arguments, list):
            raise _odd(header)
        if ask == "scalars":
            channel.send({**reply, "value": self._scalars(*arguments)})
            return
        if ask == "store":
            numbers, *rest = arguments
            if not _are_settings(rest):
                raise _odd({"store": rest})
            known = {keyed(self._secret, m.content_key): m for m in map(self._find, numbers)}
            document, held = fill_store(self._frames, known, rest, self._progress)
            self._held.append(held)
            self.asked.note_store(rest[0], rest[2])
            channel.send({**reply, "value": document})
            return
        media = self._find(header.get("media"))
        if ask in _SCALARS:
            channel.send({**reply, "value": self._scalar(ask, media)})
        elif ask == "draw seed":
            (name,) = arguments
            channel.send({**reply, "value": media.draw_seed(_text(name))})
        elif ask == "attributes":
            self.asked.note(ask, arguments)
            channel.send({**reply, "value": dict(media.attributes)})
        elif ask == "trajectory":
            found = media.trajectory()
            both = np.stack([found.elevation, found.confidence]).astype(np.float32, copy=False)
            self.asked.note(ask, arguments)
            send_array(channel, {**reply, "turning_point": int(found.turning_point)}, both)
        elif isinstance(ask, str) and ask in _ARRAYS:
            self._note(Modality(ask.replace("_", "-")), header.get("media"))
            found_array = _ARRAYS[ask](media, *arguments)
            self.asked.note(ask, arguments)
            send_array(channel, reply, found_array)
        else:
            raise _odd(header)

    def _note(self, modality: Modality, number: object) -> None:
        if modality in self._hidden:
            raise MethodError(
                f"Exact {modality} of generated samples are only given to methods that declare them.",
                expected=f'reads = ["{modality}"] in the method\'s card.toml',
                found="no such entry",
                remedy="Add it; the method's runs on such data are then marked as oracles.",
            )
        if modality in self._exact and number in self._judged:
            self.exact_read.add(modality)

    def _find(self, number: object) -> Media:
        if type(number) is not int or not 0 <= number < len(self._media):
            raise _odd({"media": number})
        return self._media[number]

    def _scalar(self, name: str, media: Media) -> Any:
        found = getattr(media, name)
        return keyed(self._secret, found) if name == "content_key" else found

    def _scalars(self, name: object, part: object) -> dict[str, Any]:
        """One figure of all media of a part at once; those that have none are left out."""
        if name not in _SCALARS or type(part) is not int or not 0 <= part < len(self._parts):
            raise _odd({"name": name, "part": part})
        values: dict[str, Any] = {}
        for number in self._parts[part]:
            try:
                values[str(number)] = self._scalar(str(name), self._media[number])
            except Exception:
                continue
        return values


_SCALARS = frozenset({"length", "content_key", "fps"})


def _frames(media: Media, indices: object, size: object) -> np.ndarray[Any, Any]:
    if indices is not None and not (isinstance(indices, list) and all(type(i) is int for i in indices)):
        raise _odd({"indices": type(indices).__name__})
    # Short clips are stretched to the frames that a network takes; beyond that nobody needs one twice.
    count = media.length if indices is None else len(indices)
    if count > max(_MOST_FRAMES, media.length) or count * 3 * (_side(size) or 1) ** 2 > _MOST_BYTES:
        raise _odd({"frames": count, "size": size})
    return media.frames(indices, _side(size))


def _side(size: object) -> int | None:
    if size is not None and (type(size) is not int or not 1 <= size <= _LARGEST_SIDE):
        raise _odd({"size": size})
    return size


def _are_settings(values: list[object]) -> bool:
    """Whether these are resize, crop and frames of a store, quality and threads, of sizes that can be."""
    match values:
        case [
            int(resize),
            int() | None as crop,
            int() | None as frames,
            int() | None as quality,
            int(threads),
        ]:
            sides = 1 <= resize <= _LARGEST_SIDE and 1 <= (resize if crop is None else crop) <= resize
            fits = 1 <= (1 if frames is None else frames) * 3 * resize**2 <= _MOST_BYTES
            return sides and fits and (quality is None or 1 <= quality <= 95) and threads >= 1
    return False


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME:
        raise _odd({"name": value})
    return value


_ARRAYS: Mapping[str, Callable[..., np.ndarray[Any, Any]]] = {
    "frames": _frames,
    "image": lambda media, size: media.image(_side(size)),
    "keypoints": lambda media, layout: media.keypoints(_text(layout)),
    "joints_3d": lambda media, layout: media.joints_3d(_text(layout)),
    "distances": lambda media: media.distances(),
    "bar_boxes": lambda media: media.bar_boxes(),
    "features": lambda media: media.features(),
}


def _odd(asked: Mapping[str, Any]) -> MethodError:
    return MethodError(
        "A request for media is invalid.",
        expected="data that the sample's media provide",
        found=repr(dict(asked))[:200],
    )
