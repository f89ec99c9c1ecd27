"""The process that judges: it loads the engine once, then takes one request per line and answers in lines.

``python -m aqa_bench.coach.web.child MODULE:FUNCTION``. It is a process of its own so that a decoder or a
model that hangs, crashes or eats memory takes nothing else along.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from aqa_bench.coach.assessment import Assessment
from aqa_bench.coach.web.failures import UNEXPECTED, failure_of
from aqa_bench.core.errors import AqaBenchError

__all__ = ["LineProgress", "main"]

_EVERY_S = 0.2

Say = Callable[[Mapping[str, Any]], None]


class LineProgress:
    """Progress as lines, a few per second at most.

    Args:
        say: Takes what is to be sent.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._task, self._total, self._done = "", None, 0
        self._said = 0.0

    _total: int | None

    def start(self, task: str, total: int | None = None) -> None:
        """Begin a task; always sent."""
        self._task, self._total, self._done = task, total, 0
        self._send()

    def advance(self, steps: int = 1, **fields: object) -> None:
        """Report steps."""
        self._done += steps
        if time.monotonic() - self._said >= _EVERY_S:
            self._send()

    def close(self) -> None:
        """Nothing to do: the next task or the answer follows."""

    def _send(self) -> None:
        self._said = time.monotonic()
        self._say({"step": self._task, "done": self._done, "total": self._total})


def main(engine_name: str) -> int:
    """Serve requests from stdin until it ends."""
    # What libraries print must not get between the lines.
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def say(message: Mapping[str, Any]) -> None:
        lines.write(json.dumps(message) + "\n")

    module, _, name = engine_name.partition(":")
    engine: Callable[..., Assessment] = getattr(import_module(module), name)
    say({"ready": True})
    for line in sys.stdin:
        say(_answer(engine, json.loads(line), LineProgress(say)))
    return 0


def _answer(
    engine: Callable[..., Assessment], request: Mapping[str, Any], progress: LineProgress
) -> Mapping[str, Any]:
    from aqa_bench.coach.web.pictures import draw_pictures

    clip, out = Path(request["clip"]), Path(request["out"])
    try:
        assessment = engine(
            clip,
            request["exercise"],
            out,
            person=request["person"],
            blur_faces=request["blur"],
            progress=progress,
        )
        draw_pictures(assessment, out)
    except AqaBenchError as error:
        return {"failed": failure_of(error, clip, out)}
    except Exception:
        traceback.print_exc()
        return {"failed": dict(UNEXPECTED)}
    return {"finished": True}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
