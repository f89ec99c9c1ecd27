"""Everything that is worth measuring on a GPU, in nine minutes and one command, most valuable first.

Run ``PYTHONPATH=benchmark python tools/gpu_session.py --out FOLDER`` in a checkout; nothing is installed and
no network is used. Each step is a process with a limit of its own, and the next one begins whatever became
of it. FOLDER gets ``session.json`` (what each step came to, and the end of what it printed), ``log.txt`` (all
of it), ``doctor.json``, ``steps.json`` and ``explain.png``. ``--only NAME`` runs some steps alone;
``--device cpu`` tries the script with little to do.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["Step", "compared", "done", "main", "steps"]

_ROOT = Path(__file__).resolve().parents[1]
_DATASET = "synthetic-gym/backsquat@tiny"
_TAIL = 4000
_TOTAL_S = 540.0
# A CPU only tries the script, and may be busy.
_SLOWER = 8
_LESS = (
    *("backbone=resnet-small", "resize=32", "crop=32", "frames=4", "pool_frames=8", "length=8"),
    *("head_epochs=1", "components=4"),
)


@dataclass(frozen=True)
class Step:
    """A process of the session.

    Attributes:
        name: What it is called.
        command: Arguments behind the interpreter.
        limit_s: Seconds after which it is ended.
        environment: Further variables.
        keep: File of the folder that gets its standard output.
    """

    name: str
    command: Sequence[str]
    limit_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    keep: str | None = None


def steps(out: Path, scratch: Path, device: str) -> list[Step]:
    """The steps, most valuable first.

    Args:
        out: Where results go.
        scratch: For data and runs.
        device: ``cuda``, or ``cpu`` with little to do.
    """
    small = device == "cpu"
    program = ("-m", "aqa_bench")
    doctor = (*program, "doctor", "--device", device, "--json")
    explain = (
        *(*program, "explain", "--dataset", _DATASET, "--method", "kinetics", "--recipe", "quick"),
        *("--task", "kfe", "--set", "finetune_epochs=1", "--samples", "2", "--device", device),
        *("--out", str(out / "explain.png"), "--json"),
    )
    tests = (
        *("-m", "pytest", "-p", "no:cacheprovider", "-q", "--timeout=60", "-n", "8"),
        *("-k", "cuda", "tests/learn/training/test_graph.py", "tests/test_conformance_bf16.py"),
    )
    few = ("-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", "md-quick", "tests/test_conformance_bf16.py")
    bench = ("tools/bench_augment.py", "--device", device, "--steps", "20", "--blocks", "3")
    tiny = ("--triplets", "2", "--resize", "48", "--crop", "32", "--steps", "1", "--blocks", "1")

    def run(graphs: str) -> Step:
        """The same run with graphs or without, each with a cache of its own."""
        return Step(
            f"run, graphs {graphs}",
            (
                *(*program, "run", "--method", "cvcspc", "--recipe", "quick", "--dataset", _DATASET),
                *("--task", "kfe", "--device", device, "--set", "weights=random", "--set", "freeze=0"),
                *("--set", f"steps={8 if small else 60}", "--set", "batch_size=4"),
                *(part for value in _LESS if small for part in ("--set", value)),
                *("--out", str(scratch / f"runs-{graphs}")),
            ),
            45,
            {"AQA_BENCH_GRAPHS": graphs, "AQA_BENCH_CACHE": str(scratch / f"cache-{graphs}")},
        )

    return [
        Step("doctor", (*doctor, *(("--quick", "--method", "md") if small else ("--limit", "200"))), 215,
             keep="doctor.json"),
        Step("steps", ("tools/bench_steps.py", "--device", device, "--out", str(out / "steps.json"),
             *(("--steps", "1", "--epochs", "2", "--limit", "20") if small else ("--limit", "90"))), 115),
        Step("augment", (*bench[:3], *tiny) if small else (*bench, "--graph"), 45),
        Step("conformance", few if small else tests, 80),
        Step("prepare", (*program, "dataset", "prepare", _DATASET, "--device", device, "--json"), 40),
        Step("explain", explain, 40),
        run("0"),
        run("1"),
    ]  # fmt: skip


def done(
    step: Step, out: Path, log: IO[bytes], environment: Mapping[str, str], limit: float
) -> dict[str, Any]:
    """Run a step.

    Args:
        step: What is run.
        out: Where its output is kept, if it is.
        log: Gets all that it prints.
        environment: Variables.
        limit: Seconds.

    Returns:
        What became of it; its processes are gone.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            [sys.executable, *step.command],
            cwd=_ROOT,
            env={**environment, **step.environment},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=told,
            start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            # Its own group alone: what it started goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        texts = []
        for file in (printed, told):
            file.seek(0)
            texts.append(file.read())
    log.write(f"\n===== {step.name}: {' '.join(step.command)}\n".encode() + b"\n--- stderr\n".join(texts))
    log.flush()
    if step.keep is not None:
        (out / step.keep).write_bytes(texts[0])
    return {
        "name": step.name,
        "status": process.returncode,
        "timed_out": timed_out,
        "seconds": round(time.monotonic() - start, 1),
        "printed": texts[0].decode(errors="replace")[-_TAIL:],
        "told": texts[1].decode(errors="replace")[-_TAIL:],
    }


def compared(scratch: Path) -> dict[str, Any]:
    """What the runs with graphs and without say of their training, and how far their scores lie apart.

    Args:
        scratch: Folder that their folders are in.
    """
    import numpy as np
    import pandas as pd

    found: dict[str, Any] = {}
    scores = []
    for graphs in ("0", "1"):
        (record,) = (scratch / f"runs-{graphs}").rglob("run.json")
        facts = json.loads(record.read_text(encoding="utf-8"))["facts"]
        wanted = ("pretraining_losses", "pretraining_batches", "pretraining_replayed", "replayed_batches")
        found[f"graphs {graphs}"] = {name: facts[name] for name in wanted if name in facts}
        scores.append(pd.read_csv(record.parent / "predictions.csv")["score"].to_numpy())
    found["largest_difference"] = float(np.abs(scores[0] - scores[1]).max())
    return found


def main(arguments: Sequence[str]) -> int:
    """Run the steps; the exit status is the number of those that failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for results")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--limit", type=float, help="seconds for all of it; 540 by default")
    parser.add_argument("--only", action="append", default=[], help="name of a step; repeatable")
    options = parser.parse_args(arguments)
    slower = _SLOWER if options.device == "cpu" else 1
    whole = options.limit or _TOTAL_S * slower
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    started, results = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder, (out / "log.txt").open("wb") as log:
        scratch = Path(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_ROOT / "benchmark"), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUNBUFFERED": "1",
            "AQA_BENCH_OFFLINE": "1",
            "AQA_BENCH_DATA": str(scratch / "data"),
            "AQA_BENCH_CACHE": str(scratch / "cache"),
        }
        environment.pop("AQA_BENCH_GRAPHS", None)
        for step in steps(out, scratch, options.device):
            left = whole - (time.monotonic() - started)
            if options.only and step.name not in options.only:
                continue
            if left < 1:
                results.append({"name": step.name, "untried": "the time was up"})
            else:
                results.append(done(step, out, log, environment, min(step.limit_s * slower, left)))
                print(f"{step.name}: status {results[-1]['status']}, {results[-1]['seconds']} s", flush=True)
            _write(out, {"device": options.device, "steps": results})
        try:
            runs = compared(scratch)
        except Exception as error:
            runs = {"error": f"{type(error).__name__}: {error}"[:300]}
        seconds = round(time.monotonic() - started, 1)
        _write(out, {"device": options.device, "seconds": seconds, "steps": results, "runs_compared": runs})
    print(json.dumps(runs), flush=True)
    return sum(result.get("status") != 0 for result in results)


def _write(out: Path, document: Mapping[str, Any]) -> None:
    file = out / "session.json.partial"
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    file.replace(out / "session.json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
