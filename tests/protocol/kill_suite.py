"""Runs a suite in forks of this process, kills ten of them at random moments, and lets the last one end.

Forks, since a fresh process would spend its time on imports and be killed there; every other kill waits for
a run to end, so that a slow machine gets on too. Arguments: the suite's file, the folder of an unbroken run,
the folder of the broken one, and a seed. Prints how many runs were on disk after each kill.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from aqa_bench.cli.main import main
from aqa_bench.protocol import runner
from aqa_bench.stats import scoring

_KILLS = 10


def start(file: str, out: str) -> int:
    child = os.fork()
    if child:
        return child
    os._exit(main(["suite", file, "--out", out, "--json"]))


def ended(folder: str) -> int:
    # Not into folders that begin with a dot: they vanish.
    return len(list(Path(folder).glob("/".join(["[!.]*"] * 4 + ["run.json"]))))


def end(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    suite, whole, broken, seed = sys.argv[1:]
    scoring.evaluate.__kwdefaults__["n_resamples"] = 50
    draw = random.Random(int(seed))
    started = time.monotonic()
    if end(start(suite, whole)) != 0 or runner is None:
        sys.exit("the unbroken run failed")
    taken = time.monotonic() - started
    for kill in range(_KILLS):
        before = ended(broken)
        process = start(suite, broken)
        if kill % 2:
            while ended(broken) == before and time.monotonic() < started + 300:
                time.sleep(0.01)
        time.sleep(draw.uniform(0, taken / 8))
        os.kill(process, signal.SIGKILL)
        end(process)
        sys.stderr.write(f"{ended(broken)} ")
    if end(start(suite, broken)) != 0:
        sys.exit("the last run failed")
