"""Fuzz every parser of files that people bring: nothing but a readable refusal, in bounded memory and time.

    nice python tools/fuzz.py --cases 100000 --jobs 2 --out fuzz
    python tools/fuzz.py --target "npz, npy: keypoints" --cases 5000 --seed 7
    python tools/fuzz.py --target mp4 --case 17          # writes one input again and shows what it does

Inputs are decided by the seed, the parser's name and a number. They are read in child processes. Over memory
is what takes 512 MB of address space more than the process had after reading the valid inputs, touched or
not, or asks for so much that it gets nothing; over time is what takes 5 s of processor time, or a minute of
the clock. What ends in anything but an AqaBenchError, or over a limit, is written to the folder with its
traceback. Exit status 1 where there was any.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing.mutations import mutated
from fuzzing.targets import TARGETS

__all__ = ["Outcome", "case", "cases_of", "fuzz", "main", "outcome_of"]

MEMORY = 512 << 20
SECONDS = 5
_SILENCE_S = 60
_BATCH = 2000
_KINDS = ("accepted", "refused", "traceback", "memory", "time")


class _Late(BaseException):
    """Raised by the alarm; no parser may catch it by catching exceptions."""


@dataclass
class Outcome:
    """What became of the inputs of one parser.

    Attributes:
        counts: Inputs by ``accepted``, ``refused`` (by an AqaBenchError), ``traceback`` (anything else, a
            crash too), ``memory`` and ``time``.
        bad: Numbers of those that are neither accepted nor refused, with what happened.
        seconds: Seconds that it took.
    """

    counts: Counter[str] = field(default_factory=Counter)
    bad: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, number: int, kind: str, told: str = "") -> None:
        """Count one input."""
        self.counts[kind] += 1
        if kind not in ("accepted", "refused"):
            self.bad[number] = f"{kind}\n{told}"


def case(name: str, seeds: list[bytes], seed: int, number: int) -> bytes:
    """One input of a parser."""
    return mutated(seeds, TARGETS[name].kind, random.Random(f"{seed} {name} {number}"))


def cases_of(total: int, names: list[str]) -> dict[str, int]:
    """How many of ``total`` inputs each parser gets, at least one."""
    shares = sum(TARGETS[name].share for name in names)
    return {name: max(1, -(-int(total * TARGETS[name].share) // int(shares))) for name in names}


def outcome_of(name: str, content: bytes, folder: Path) -> tuple[str, str]:
    """Have a parser read one input; what became of it, and in which words."""
    from aqa_bench.core.errors import AqaBenchError

    try:
        TARGETS[name].parse(content, folder / "input")
    except _Late:
        return "time", traceback.format_exc(limit=-8)
    except AqaBenchError as error:
        return ("memory", traceback.format_exc(limit=-8)) if _is_memory(error) else ("refused", str(error))
    except MemoryError:
        return "memory", traceback.format_exc(limit=-8)
    except BaseException:
        return "traceback", traceback.format_exc(limit=-8)
    return "accepted", ""


def fuzz(name: str, count: int, seed: int) -> Outcome:
    """Try one parser in child processes.

    Args:
        name: The parser, of :data:`fuzzing.targets.TARGETS`.
        count: Number of inputs.
        seed: Decides them.
    """
    found, started, start = Outcome(), time.monotonic(), 0
    while start < count:
        end = min(start + _BATCH, count)
        for line in _child(name, start, end, seed):
            number, kind, told = json.loads(line)
            found.add(number, kind, told)
            start = number + 1
    found.seconds = time.monotonic() - started
    return found


def _child(name: str, start: int, end: int, seed: int) -> Iterator[str]:
    """Results of a batch, one line per input; the input that ends the process is told as well."""
    reading, writing = os.pipe()
    command = [sys.executable, __file__, "--child", str(writing), "--target", name, "--seed", str(seed)]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [*command, "--range", str(start), str(end)],
            pass_fds=[writing],
            stdout=errors,
            stderr=errors,
            # Else each thread sets 64 MB of address space aside, whatever it does.
            env=os.environ | {"MALLOC_ARENA_MAX": "1"},
        )
        os.close(writing)
        following, rest = start, b""
        while following < end:
            # The first result comes after all imports.
            patience = _SILENCE_S if following > start else 4 * _SILENCE_S
            ready = select.select([reading], [], [], patience)[0]
            chunk = os.read(reading, 1 << 16) if ready else b""
            if not chunk:
                child.kill()
                code = child.wait()
                errors.seek(0)
                said = errors.read()[-2000:].decode(errors="replace")
                if code or not ready:
                    yield json.dumps([following, "traceback" if ready else "time", f"ended: {code}\n{said}"])
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                following = json.loads(line)[0] + 1
                yield line.decode()
        os.close(reading)
        child.wait()


def _serve(pipe: int, name: str, start: int, end: int, seed: int) -> None:
    """A child's work."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    seeds = list(TARGETS[name].seeds())
    with tempfile.TemporaryDirectory() as folder:
        for content in seeds:
            outcome_of(name, content, Path(folder))
        signal.signal(signal.SIGPROF, _ring)
        most = _peak() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (8 * most, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in range(start, end):
            content = case(name, seeds, seed, number)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                kind, told = outcome_of(name, content, Path(folder))
            except _Late:
                kind, told = "time", "on the way out"
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            if _peak() > most:
                kind, told = "memory", f"{(_peak() - most + MEMORY) >> 20} MB\n{told}"
            os.write(pipe, json.dumps([number, kind, "" if kind == "refused" else told]).encode() + b"\n")
            for file in Path(folder).iterdir():
                file.unlink()
            if kind == "memory":
                # What is left of it would be held against the next.
                os._exit(0)


def _peak() -> int:
    """Most bytes of address space that this process has had."""
    found = re.search(r"VmPeak:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) << 10 if found else 0


def _ring(*_: object) -> None:
    raise _Late


def _is_memory(error: BaseException | None) -> bool:
    while error is not None:
        # FFmpeg says so too of what it was told not to give.
        if isinstance(error, MemoryError) and not type(error).__module__.startswith("av."):
            return True
        error = error.__cause__ or error.__context__
    return False


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000, help="inputs, over all parsers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="parsers tried at a time")
    parser.add_argument(
        "--target", action="append", choices=TARGETS, metavar="NAME", help="this parser alone"
    )
    parser.add_argument("--list", action="store_true", help="names of the parsers")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder of inputs that were not borne")
    parser.add_argument(
        "--case", type=int, help="write this input of --target to --out and show what it does"
    )
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--range", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = options.target or list(TARGETS)
    if options.child is not None:
        _serve(options.child, names[0], *options.range, options.seed)
        return 0
    if options.list:
        sys.stdout.write("\n".join(TARGETS) + "\n")
        return 0
    if options.case is not None:
        content = _write(names[0], options.seed, options.case, "", options.out)
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(": ".join(outcome_of(names[0], content, Path(folder))) + "\n")
        return 0
    wanted = cases_of(options.cases, names)
    _say("parser", "inputs", *_KINDS, "per s")
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(options.jobs) as threads:
        tried = threads.map(lambda name: (name, fuzz(name, wanted[name], options.seed)), names)
        for name, found in tried:
            total += found.counts
            count = found.counts.total()
            _say(name, count, *(found.counts[kind] for kind in _KINDS), f"{count / found.seconds:.0f}")
            for number, told in found.bad.items():
                _write(name, options.seed, number, told, options.out)
    _say("all", total.total(), *(total[kind] for kind in _KINDS), "")
    return int(total["accepted"] + total["refused"] < total.total())


def _write(name: str, seed: int, number: int, told: str, out: Path) -> bytes:
    content = case(name, list(TARGETS[name].seeds()), seed, number)
    out.mkdir(parents=True, exist_ok=True)
    stem = f"{re.sub(r'[^a-zA-Z]+', '-', name).strip('-')}-{seed}-{number}"
    (out / f"{stem}.bin").write_bytes(content)
    if told:
        (out / f"{stem}.txt").write_text(f"{name}, seed {seed}, input {number}: {told}\n", errors="replace")
    return content


def _say(first: str, *columns: object) -> None:
    sys.stdout.write(f"{first:<30}" + "".join(f"{column!s:>10}" for column in columns) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
