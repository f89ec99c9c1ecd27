"""A hostile worker: what the runner makes of any bytes that come where a method's answer should.

An input is the name of a stage, a line end, and all that the worker ever sends. The runner's own code asks
for the stage, answers questions about media, and checks and writes down the answer as for a real worker.
"""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["conversation", "conversations", "messages", "packed"]

_PREFIX = struct.Struct("<IIQ")
_CONTROL = {*map(chr, range(32)), "\x7f"} - {"\n", "\t"}


def packed(header: object, body: bytes = b"") -> bytes:
    """A message as it travels."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return _PREFIX.pack(len(text), 0, len(body)) + text + body


def messages(stream: bytes) -> list[tuple[bytes, bytes]]:
    """Headers and bodies of a valid stream."""
    found = []
    while stream:
        length, _, body = _PREFIX.unpack(stream[: _PREFIX.size])
        end = _PREFIX.size + length
        found.append((stream[_PREFIX.size : end], stream[end : end + body]))
        stream = stream[end + body :]
    return found


def conversations() -> list[bytes]:
    """An honest one for each stage, and some that end with an error."""
    said = [
        {"say": "log", "level": 20, "name": "aqa_bench.methods.x", "text": "begun"},
        {"say": "start", "task": "epochs", "total": 3},
        {"say": "advance", "steps": 2, "fields": {"loss": 0.5, "best": 1, "at": "here"}},
        {"say": "close"},
    ]
    asked = [
        {"id": 0, "ask": "scalars", "media": None, "arguments": ["length", 0]},
        {"id": 1, "ask": "keypoints", "media": 0, "arguments": ["coco-17"]},
        {"id": 2, "ask": "frames", "media": 1, "arguments": [[0, 2, 1], 8]},
        {"id": 3, "ask": "store", "media": None, "arguments": [[0, 1], 8, 6, 2, None, 1]},
        {"id": 4, "ask": "draw seed", "media": 1, "arguments": ["crop"]},
        {"id": 5, "ask": "trajectory", "media": 0, "arguments": []},
    ]
    report = {"parameters": 3, "device": "cpu", "note": "fine"}
    recipe = {"recipe": {"rate": 0.1, "name": "a", "sizes": [1, 2]}, "prepares": True, "embeds": False}
    modules = {"modules": ["numpy", "torch.nn", "aqa_bench.stats.metrics"]}
    parts = [_part([0, 1, 2], np.int64), _part(np.ones((3, 2, 2)), np.float32), _part(np.ones((3, 4)), float)]
    facts = {"report": report, "document": {"a": 1}, "weights": "b", "pretrained_on": "c"}
    answers = {
        "prepare": [packed({"say": "done", "prepared": {"weights": "a" * 64, "n": 3}, **modules})],
        "fit": [
            packed({"say": "done", "report": report, "seconds": [0.1, 2]}, _part([0.1, 0.9], float)[-16:])
        ],
        "features": [*[_part(np.ones((2, 3)), np.float32)] * 2, packed({"say": "done", **facts})],
        "explain": [
            *[*parts, packed({"say": "part", "ends": [0.5, None]})] * 2,
            packed({"say": "done", "report": report, "scores": [0.25, 1]}),
        ],
    }
    error = {"what": "it broke", "where": "fold 1", "found": "3", "trace": "a\nb"}
    for kind in ("foreign", "UsageError", "ValueError"):
        answers[f"failing {kind}"] = [packed({"say": "failed", "error": error | {"kind": kind}})]
    head = [*map(packed, said), *map(packed, asked)]
    ours = [*head[: len(said)], packed({"say": "done", **recipe, "fields": ["rate"], "left_out": {"a": 1}})]
    found = {"recipe": ours} | {stage: [*head, *answer] for stage, answer in answers.items()}
    return [stage.encode() + b"\n" + b"".join(parts) for stage, parts in found.items()]


def conversation(content: bytes, _: Path) -> object:
    """Ask for the stage, and have the worker say what it says."""
    from aqa_bench.core.errors import AqaBenchError

    stage, _, stream = content.partition(b"\n")
    with _watched():
        try:
            return _asked(stage.decode(errors="replace"), stream)
        except AqaBenchError as error:
            if odd := _CONTROL & set(str(error)):
                raise AssertionError(f"an error would send {sorted(odd)} to a terminal") from error
            if stage.startswith(b"failing"):
                return error
            raise


def _asked(stage: str, stream: bytes) -> object:
    from aqa_bench.cli.progress import TerminalProgress
    from aqa_bench.core.files import pretty_json
    from aqa_bench.core.task import TaskKind
    from aqa_bench.protocol.custody import checked_scores
    from aqa_bench.protocol.worker.hand import Hand
    from aqa_bench.protocol.worker.looked import embedded, explained
    from aqa_bench.protocol.worker.plain_recipe import PlainRecipe
    from aqa_bench.protocol.worker.recipes import Told, read_recipe
    from aqa_bench.protocol.worker.session import Launcher

    plugin, given, bare = _given()
    worker: Any = lambda job: _Worker(stream)  # noqa: E731
    launch = Launcher(worker)
    if stage == "recipe":
        told = read_recipe(plugin, "quick", launch=launch)
        values = [told.recipe.model_dump(mode="json"), sorted(told.fields), dict(told.left_out)]
        return pretty_json(values).encode()
    with closing(TerminalProgress()) as progress:
        recipe = Told(PlainRecipe.model_validate({}), prepares=stage == "prepare")
        hand = Hand(plugin, recipe, launch, progress)
        match stage:
            case "prepare":
                values = dict(hand.prepared(given, bare))
            case "features":
                found = embedded(hand, given, bare)
                values = [found.facts, found.document, found.weights_sha256, found.pretrained_on]
            case "explain":
                values = explained(hand, given, bare, TaskKind.BINARY).facts
            case _:
                scored = hand.fit(given, bare)
                checked_scores(scored.scores, len(bare), TaskKind.BINARY, plugin.card.id, given.where)
                values = [scored.facts, scored.fit_seconds, scored.predict_seconds]
        return pretty_json(values).encode()


class _Worker:
    """In the place of a process: says what it has to say, and takes in what it is told."""

    def __init__(self, stream: bytes) -> None:
        from aqa_bench.protocol.worker.processes import orders
        from aqa_bench.protocol.worker.wire import Channel

        ours, self._theirs = socket.socketpair()
        self.channel, self.environment = Channel(ours), dict[str, str]()
        self.learn, self.confinement = orders, None
        tasks = ((self._say, (stream,)), (self._hear, ()))
        self._threads = [threading.Thread(target=task, args=given) for task, given in tasks]
        for thread in self._threads:
            thread.start()

    def _say(self, stream: bytes) -> None:
        try:
            self._theirs.sendall(stream)
            self._theirs.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _hear(self) -> None:
        try:
            while self._theirs.recv(1 << 16):
                pass
        except OSError:
            pass

    def ending(self, timeout_s: float) -> str:
        return "exit status 0"

    def end(self) -> None:
        self.channel.connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self.channel.close()
        self._theirs.close()


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class _Strict(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        raise


@contextmanager
def _watched() -> Iterator[None]:
    """A terminal that shows progress, and a log that takes nothing but what can be written."""
    disabled, root = logging.root.manager.disable, logging.getLogger()
    handler = _Strict(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    logging.disable(logging.NOTSET)
    root.addHandler(handler)
    try:
        with redirect_stderr(_Screen()):
            yield
    finally:
        root.removeHandler(handler)
        logging.disable(disabled)


@lru_cache(maxsize=1)
def _given() -> Any:
    from aqa_bench.core.method import FitContext
    from aqa_bench.core.registry import methods
    from aqa_bench.core.sample import LabeledSet, Sample
    from aqa_bench.core.task import Task, TaskKind, Unit
    from aqa_bench.protocol.fitting import Fitting

    os.environ["AQA_BENCH_CACHE"] = tempfile.mkdtemp(prefix="aqa-bench-fuzz-")
    task = Task(id="form", name="Form", kind=TaskKind.BINARY, unit=Unit.CLIP, primary="f1")
    media = _media()
    samples = [Sample(f"s{i}", "g", media) for i in range(6)]
    ctx = FitContext("a/b", task, "0", 0, "cpu", Path())
    train, val = LabeledSet(tuple(samples[:2]), np.ones(2)), LabeledSet(tuple(samples[2:3]), np.zeros(1))
    return methods()["constant"], Fitting(train, val, samples[3:4], ctx, "a/b, form, 0"), samples[4:]


def _media() -> Any:
    from aqa_bench.core.sample import Media, Trajectory
    from aqa_bench.core.task import Modality

    class Drawn(Media):
        provides = frozenset({Modality.FRAMES, Modality.KEYPOINTS, Modality.TRAJECTORY, Modality.ATTRIBUTES})
        length, fps, content_key = 3, 25.0, "ab" * 32
        attributes: Mapping[str, float | str] = {"difficulty": 3.2}

        def frames(self, indices: Any = None, size: Any = None) -> Any:
            return np.zeros((3 if indices is None else len(indices), 8, 8, 3), np.uint8)

        def keypoints(self, layout: str) -> Any:
            return np.zeros((3, 17, 3), np.float32)

        def trajectory(self) -> Any:
            return Trajectory(np.zeros(3, np.float32), np.ones(3, np.float32), 1)

    return Drawn()


def _part(values: Any, kind: Any) -> bytes:
    array = np.asarray(values, kind)
    about = {"dtype": str(array.dtype), "shape": list(array.shape)}
    return packed({"say": "part", "array": about}, array.tobytes())
