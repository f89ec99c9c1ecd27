"""A worker that says what no worker says: the runner answers with one readable error, or takes no notice."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.errors import AqaBenchError, MethodError

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Has a worker send bytes in the place of a stage's answer."""
    monkeypatch.syspath_prepend(str(TOOLS))
    from fuzzing import worker

    def sent(*parts: object, stage: str = "fit") -> Any:
        stream = b"".join(p if isinstance(p, bytes) else worker.packed(p) for p in parts)
        return worker.conversation(stage.encode() + b"\n" + stream, tmp_path / "input")

    return sent


@pytest.mark.parametrize("kind", ["ValueError", "KeyError", "SystemExit", "RecursionError", "", None, ["x"]])
def test_an_error_that_claims_to_be_pythons_own(say: Callable[..., Any], kind: object) -> None:
    with pytest.raises(MethodError, match="Method 'constant' failed"):
        say({"say": "failed", "error": {"kind": kind, "what": "mine"}})


def test_a_text_that_would_move_the_cursor(say: Callable[..., Any]) -> None:
    evil = "fine\x1b[2J\x1b[1;32mAll checks passed\x07\u202e"
    with pytest.raises(AqaBenchError) as caught:
        say({"say": "failed", "error": {"kind": "UsageError", "what": evil, "found": evil, "trace": evil}})
    assert "All checks passed" in str(caught.value)
    assert not {"\x1b", "\x07", "\u202e"} & set(str(caught.value) + "".join(caught.value.__notes__))


@pytest.mark.parametrize(
    "noise",
    [
        {"say": "start", "task": "[/bold] [red]", "total": 3},
        {"say": "start", "task": "a", "total": -1},
        {"say": "advance", "steps": 10**400, "fields": {}},
        {"say": "advance", "steps": 1, "fields": {"[/x]": "[/y]", "b": [[[]]]}},
        {"say": "log", "level": 20, "name": "a", "text": "\x1b[2J"},
        {"say": "log", "level": 10**30, "name": "a", "text": "b"},
    ],
)
def test_progress_and_log_lines_that_cannot_be_shown(say: Callable[..., Any], noise: dict[str, Any]) -> None:
    say({"say": "start", "task": "epochs", "total": 3}, noise, *_answer())


def test_names_of_loggers_without_end(say: Callable[..., Any]) -> None:
    before = len(logging.root.manager.loggerDict)
    lines = [{"say": "log", "level": 20, "name": f"mine.{n}.x", "text": "t"} for n in range(50)]
    say(*lines, *_answer())
    assert len(logging.root.manager.loggerDict) - before < 50


@pytest.mark.parametrize(
    "stream",
    [
        struct.pack("<IIQ", (4 << 20) + 1, 0, 0),
        struct.pack("<IIQ", 2, 0, (128 << 20) + 1),
        struct.pack("<IIQ", 2, 0, 2**63) + b"{}",
        struct.pack("<IIQ", 4000, 0, 0) + b"[" * 4000,
        struct.pack("<IIQ", 12, 0, 0) + b'{"say": NaN}',
        struct.pack("<IIQ", 2, 0, 0) + b"[]",
    ],
)
def test_a_message_that_is_none(say: Callable[..., Any], stream: bytes) -> None:
    with pytest.raises(MethodError, match="sent an invalid reply"):
        say(stream)


def test_parts_without_end(say: Callable[..., Any]) -> None:
    part = {"say": "part", "ends": [0.0, 1.0]}
    with pytest.raises(MethodError, match="more samples than requested"):
        say(*[part] * 9, stage="explain")
    with pytest.raises(MethodError, match="sent an invalid reply"):
        say({"say": "part", "ends": [10**400, 0]}, stage="explain")


@pytest.mark.parametrize(
    "asked",
    [
        ["frames", 0, [[0] * 2000, 8]],
        ["frames", 0, [None, 8193]],
        ["store", None, [[0], 10**9, None, None, None, 1]],
        ["store", None, [[0], 8, 9, None, None, 1]],
        ["keypoints", 10**9, ["x"]],
        ["scalars", None, []],
        [["frames"], {}, {}],
    ],
)
def test_a_question_out_of_all_proportion_is_refused_and_harms_nobody(
    say: Callable[..., Any], asked: list[Any]
) -> None:
    ask, media, arguments = asked
    say({"id": 1, "ask": ask, "media": media, "arguments": arguments}, *_answer())


@pytest.mark.parametrize("name", ["torch." + "\u00e9" * 190, "torch.utils.x.__main__", "os", "torch; x", 7])
def test_names_of_modules_that_the_next_worker_would_import(say: Callable[..., Any], name: object) -> None:
    from aqa_bench.protocol.worker.preload import wanted

    assert wanted([name, "torch.nn"]) == ["torch.nn"]
    say(*_answer(modules=[name, "torch.nn"]))


@pytest.mark.parametrize(
    "report", [{"a b": 1}, {"": 1}, {"parameters": "many"}, {"x": [[]] * 3000}, {"x": "\ud800"}, []]
)
def test_a_report_that_cannot_be_recorded(say: Callable[..., Any], report: object) -> None:
    with pytest.raises(AqaBenchError):
        say(*_answer(report=report))


def _answer(**changes: object) -> list[bytes]:
    header = json.dumps({"say": "done", "report": {}, "seconds": [0.1, 0.1]} | changes).encode()
    body = struct.pack("<2d", 0.1, 0.9)
    return [struct.pack("<IIQ", len(header), 0, len(body)) + header + body]
