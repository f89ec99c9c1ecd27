"""Kills commands at random moments with SIGKILL, and counts what was lost, torn, believed or left.

    python tools/kills.py --kills 1000 --seed 0

Each command runs in a fork of this process, so that a kill hits its work and not its imports. Undisturbed
commands say first what is right. After each kill the files are read, and a following command has to end well:

- *lost*: a result that was there before is gone, even after the following command;
- *torn*: something stands under its final name and is neither the old nor the new one;
- *believed*: the following command fails, or leaves something else than an undisturbed one does;
- *left*: a process of the killed command is alive after ten seconds.

Exit status 1 if any count is not 0. Needs fork and SIGKILL, so Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from pathlib import Path

DATASET = "stick-figures/shoulder-press"
GYM = "synthetic-gym/backsquat@tiny"
SUITE = """
about = "Killed at random."
[[block]]
datasets = ["stick-figures/shoulder-press"]
methods = ["constant", "prior", "duration"]
schemes = ["one-class"]
"""
RUN = ("run", "--method", "prior", "--dataset", DATASET, "--scheme", "one-class", "--out", "runs")
BUILD = ("leaderboard", "build", "--submissions", "kept", "--leaderboards", "boards")
SHARES = {"run": 25, "force": 20, "suite": 15, "submit": 15, "build": 10, "reproduce": 10, "prepare": 5}

PATIENCE_S = 10.0

IMPORTED = (
    "aqa_bench.cli.main",
    "aqa_bench.protocol.runner",
    "aqa_bench.protocol.suite_workers",
    "aqa_bench.protocol.reproduce",
    "aqa_bench.boards.building.leaderboard",
    "aqa_bench.boards.submission.checks",
    "aqa_bench.datasets.synthetic_gym.generate",
)
"""What a fork need not import again."""

Said = dict[str, str]
"""What stands in a folder: a text per thing, clocks left out; ``torn`` where it does not fit together."""


def start(argv: Sequence[str], cwd: Path) -> int:
    """Fork a command into a process group of its own."""
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    os.chdir(cwd)
    os.environ |= {"AQA_BENCH_DATA": str(cwd / "data"), "AQA_BENCH_CACHE": str(cwd / "cache")}
    log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 70
    try:
        from aqa_bench.cli.main import main

        code = main(list(argv))
    finally:
        os._exit(code)


def command(argv: Sequence[str], cwd: Path) -> bool:
    """Whether a command that nobody kills ends well."""
    return os.waitstatus_to_exitcode(os.waitpid(start(argv, cwd), 0)[1]) == 0


def runs(folder: Path) -> Said:
    """What the runs below a folder say."""
    from aqa_bench.core.files import sha256_file

    found = {}
    for run in sorted(folder.glob("*/*/*/[!.]*")):
        try:
            record = json.loads((run / "run.json").read_text())
            whole = record["predictions_sha256"] == sha256_file(run / "predictions.csv")
            said = json.dumps([record[key] for key in ("predictions_sha256", "metrics", "thresholds")])
        except (OSError, ValueError, KeyError):
            whole, said = False, ""
        found[run.relative_to(folder).as_posix()] = said if whole else "torn"
    return found


def boards(folder: Path) -> Said:
    """The tables below a folder, all formats of a board as one thing."""
    found: Said = {}
    for board in sorted(folder.glob("*/[!.]*")):
        names = sorted(board.glob("[!.]*")) if board.is_dir() else [board]
        found[board.relative_to(folder).as_posix()] = "".join(f"{f.name}\n{f.read_text()}" for f in names)
    return found


def receipts(folder: Path) -> Said:
    """What receipts say of their runs."""
    from aqa_bench.core.errors import AqaBenchError
    from aqa_bench.core.receipt import read_receipt

    found = {}
    for file in sorted(folder.rglob("[!.]*.json")):
        try:
            receipt = read_receipt(file)
            found[file.relative_to(folder).as_posix()] = f"{receipt.run_id} {receipt.verdict}"
        except AqaBenchError:
            found[file.relative_to(folder).as_posix()] = "torn"
    return found


def prepared(folder: Path) -> Said:
    """The rendered gym: names and sizes; an index knows the time at which files were written."""
    return {
        file.relative_to(folder).as_posix(): str(file.stat().st_size)
        for file in sorted(folder.glob("synthetic-gym/**/*"))
        if file.is_file() and ".partial" not in file.as_posix() and file.suffix != ".gz"
    }


class Scenario:
    """A command, the place where its results stand, and what stands there when nobody kills it.

    Args:
        name: What its counts stand under.
        argv: The command.
        place: Folder of its results.
        look: Says what stands there.
        again: The command that follows a kill; the same one by default.
        keep: Whether results of the last time stay, as an old state.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        place: str,
        look: Callable[[Path], Said],
        *,
        again: Sequence[str] = (),
        keep: bool = False,
    ) -> None:
        self.name, self.argv, self.place, self.look = name, argv, place, look
        self.again, self.keep = again or argv, keep
        self.seconds = 0.0
        self.right: Said = {}

    def learn(self, home: Path) -> None:
        """Run undisturbed."""
        begun = time.monotonic()
        if not command(self.argv, home):
            sys.exit(f"{self.name} fails undisturbed:\n{(home / 'log.txt').read_text()[-2000:]}")
        self.seconds = time.monotonic() - begun
        self.right = self.look(home / self.place)
        say(f"{self.name}: {self.seconds:.2f} s undisturbed, {len(self.right)} things")

    def kill(self, home: Path, draw: random.Random) -> list[str]:
        """Run, kill, look, and run again.

        Returns:
            What went wrong.
        """
        place = home / self.place
        if not self.keep:
            shutil.rmtree(place, ignore_errors=True)
        process = start(self.argv, home)
        time.sleep(draw.uniform(0, self.seconds * 1.05))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        faults = [] if gone(process) else ["left"]
        for name, said in self.look(place).items():
            if said != self.right.get(name):
                faults.append("torn")
        well = command(self.again, home)
        now = self.look(place)
        if self.keep and self.right.keys() - now.keys():
            faults.append("lost")
        if not well or now != self.right:
            faults.append("believed")
        if faults:
            other = sorted(
                name for name in now.keys() | self.right.keys() if now.get(name) != self.right.get(name)
            )
            say(f"{self.name}: {', '.join(faults)}; ended well: {well}; other: {', '.join(other[:3])}")
        return faults


def gone(group: int) -> bool:
    """Whether all processes of a group end in time."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    return False


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def scenarios(home: Path, wanted: Collection[str]) -> list[Scenario]:
    """Those wanted, learned; all but two need a run that is there."""
    (home / "suite.toml").write_text(SUITE)
    learned = []

    def add(name: str, *args: object, **kwargs: object) -> None:
        scenario = Scenario(name, *args, **kwargs)  # type: ignore[arg-type]
        if name in wanted:
            scenario.learn(home)
            learned.append(scenario)

    if set(wanted) - {"suite", "prepare"} and not command((*RUN[:-1], "kept"), home):
        sys.exit(f"no run to work with:\n{(home / 'log.txt').read_text()[-2000:]}")
    kept = [str(run.relative_to(home)) for run in home.glob("kept/*/*/*/[!.]*")]
    score = ("score", *(run.replace("kept/", "forced/", 1) for run in kept))
    add("run", RUN, "runs", runs)
    add("force", (*RUN[:-1], "forced", "--force"), "forced", runs, again=score, keep=True)
    add("suite", ("suite", "run", "suite.toml", "--out", "suite"), "suite", runs)
    add("submit", ("submit", *kept, "--out", "submitted"), "submitted", runs)
    add("build", BUILD, "boards", boards, keep=True)
    add("reproduce", ("reproduce", *kept, "--out", "again"), "again", receipts)
    add("prepare", ("dataset", "prepare", GYM), "data", prepared)
    return learned


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=SHARES, action="append", help="repeatable")
    given = parser.parse_args(arguments)
    for module in IMPORTED:
        import_module(module)
    draw = random.Random(given.seed)
    kills: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="aqa-bench-kills-") as folder:
        home = Path(folder)
        known = scenarios(home, given.only or list(SHARES))
        for number in range(given.kills):
            (scenario,) = draw.choices(known, [SHARES[s.name] for s in known])
            faults.update(scenario.kill(home, draw))
            kills[scenario.name] += 1
            if (number + 1) % 50 == 0:
                say(f"{number + 1} kills, {dict(faults) or 'no fault'}")
    counts = {fault: faults[fault] for fault in ("lost", "torn", "believed", "left")}
    sys.stdout.write(json.dumps({"kills": dict(sorted(kills.items())), **counts}) + "\n")
    return int(any(counts.values()))


if __name__ == "__main__":
    sys.exit(main())
