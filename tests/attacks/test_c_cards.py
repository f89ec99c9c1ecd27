"""A pull request brings folders whose code writes a file when it is imported, and nobody asked for that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.record import read_record

ROOT = Path(__file__).resolve().parents[2]
TRAP = 'import os, pathlib\npathlib.Path(os.environ["AQA_TRAP"], __name__).touch()\n'
METHOD = """
id = "evil"
name = "Evil"
version = 1
paper = "ours"
summary = "Writes a file when it is imported."
modality = "none"
needs = []
regime = "control"
stochastic = false
control = true
factory = "method:Evil"
"""
DATASET = """
name = "evil"
factory = "adapter:FAMILY"
[task.form]
name = "Form?"
kind = "binary"
unit = "sequence"
primary = "accuracy"
[[dataset]]
id = "evil/data"
name = "Evil"
licence = "none"
source = "nowhere"
citation = "none"
access = "none"
tasks = ["form"]
schemes = ["folds"]
provides = ["keypoints"]
"""
SUITE = """
[[block]]
datasets = ["evil/data", "stick-figures/shoulder-press"]
methods = ["constant", "evil"]
"""
DRIVER = """
import contextlib, io, json, os, sys
from aqa_bench.cli.main import main

answers = []
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    fallen = sorted(os.listdir(os.environ["AQA_TRAP"]))
    answers.append({"code": code, "out": out.getvalue(), "err": err.getvalue(), "trap": fallen})
json.dump(answers, sys.stdout)
"""
RUNS = "runs/stick-figures/shoulder-press"
COMMANDS = {
    "list methods": 0,
    "list methods --json": 0,
    "list datasets": 0,
    "list datasets --json": 0,
    "list tables": 0,
    "dataset info evil/data": 0,
    "submit RUN": 0,
    "validate submissions": None,
    "validate submissions methods/evil": None,
    "leaderboard build": 0,
    "leaderboard check": 0,
    "leaderboard site --out site": 0,
    "suite suite.toml --dry-run": 0,
    "suite status known.toml": 0,
    "table all": None,
    "new method other-idea --root .": 0,
}
"""What a reader of a pull request may call, and its exit code; None where the forged run has a say in it."""


def act(place: Path, *commands: str) -> list[dict[str, Any]]:
    """Call commands in a checkout, one after the other in one process; the trap is empty before."""
    trap = place / "trap"
    shutil.rmtree(trap, ignore_errors=True)
    trap.mkdir()
    run = "".join(path.relative_to(place).as_posix() for path in place.glob(f"{RUNS}/constant/*"))
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps([command.replace("RUN", run).split() for command in commands]),
        cwd=place,
        env=os.environ
        | {
            "PYTHONPATH": str(place / "benchmark"),
            "AQA_TRAP": str(trap),
            "AQA_BENCH_DATA": str(place / "data"),
            "AQA_BENCH_CACHE": str(place / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pull request's checkout: the benchmark, a run of a method that is known, and the strangers."""
    place = tmp_path_factory.mktemp("pull-request")
    for kind in ("benchmark", "methods", "datasets"):
        shutil.copytree(ROOT / kind, place / kind, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    (answer,) = act(place, "run --method constant --dataset stick-figures/shoulder-press --json")
    assert answer["code"] == 0, answer["err"]
    for kind, card, modules in (
        ("methods", METHOD, ("__init__", "method", "conftest")),
        ("datasets", DATASET, ("__init__", "adapter", "cards", "conftest")),
    ):
        folder = place / kind / "evil"
        folder.mkdir()
        for module in modules:
            (folder / f"{module}.py").write_text(TRAP)
        (folder / "card.toml").write_text(card)
        (folder / "README.md").write_text("# evil\n")
    (place / "methods" / "evil" / "recipes.toml").write_text("[quick]\n")
    (place / "suite.toml").write_text(SUITE)
    (place / "known.toml").write_text(SUITE.replace(', "evil"', "").replace('"evil/data", ', ""))
    forge(place)
    return place


def forge(place: Path) -> None:
    """Put a run of the stranger among the submissions."""
    (honest,) = place.glob(f"{RUNS}/constant/*")
    record = read_record(honest).model_copy(update={"method": "evil"})
    forged = place / "submissions" / "stick-figures" / "shoulder-press" / "evil" / honest.name
    shutil.copytree(honest, forged)
    (forged / "run.json").write_text(record.to_json())


@pytest.fixture(scope="module")
def answers(checkout: Path) -> dict[str, dict[str, Any]]:
    return dict(zip(COMMANDS, act(checkout, *COMMANDS), strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_code_of_a_stranger_runs_in_no_command_that_reads_a_pull_request(
    answers: dict[str, dict[str, Any]], command: str
) -> None:
    answer, expected = answers[command], COMMANDS[command]
    assert answer["trap"] == []
    assert "Traceback" not in answer["err"]
    assert answer["code"] in ((0, 1) if expected is None else (expected,)), answer["err"]


def test_the_stranger_is_listed_by_what_its_card_says(
    answers: dict[str, dict[str, Any]], checkout: Path
) -> None:
    methods = {card["id"]: card for card in json.loads(answers["list methods --json"]["out"])}
    assert methods["evil"]["summary"] == "Writes a file when it is imported."
    assert methods["evil"]["recipes"] == ["quick"]
    assert "evil/data" in {card["id"] for card in json.loads(answers["list datasets --json"]["out"])}
    assert "evil" in answers["suite suite.toml --dry-run"]["out"]
    assert "Writes a file when it is imported." in (checkout / "site" / "methods" / "evil.html").read_text()


@pytest.mark.parametrize(
    ("command", "fallen"),
    [
        ("run --method evil --dataset stick-figures/shoulder-press", "aqa_bench.methods.evil.method"),
        ("dataset verify evil/data", "aqa_bench.datasets.evil.adapter"),
    ],
)
def test_the_trap_is_one(checkout: Path, command: str, fallen: str) -> None:
    """Whoever asks for the stranger's code gets it: the silence above is no accident."""
    (answer,) = act(checkout, command)
    assert fallen in answer["trap"]


@pytest.mark.parametrize("card", [None, "factory = ", METHOD.replace('"control"', '"evil"')])
def test_a_folder_without_a_proper_card_is_not_imported_either(checkout: Path, card: str | None) -> None:
    file = checkout / "methods" / "evil" / "card.toml"
    try:
        file.unlink() if card is None else file.write_text(card)
        listed, named = act(checkout, "list methods --json", "validate submissions methods/evil")
    finally:
        file.write_text(METHOD)
    assert listed["trap"] == named["trap"] == []
    # A broken plug-in breaks itself alone: the others are listed, and only what asks for it fails.
    assert listed["code"] == 0
    assert "evil" not in {each["id"] for each in json.loads(listed["out"])}
    assert named["code"] != 0
    for answer in () if card is None else (listed, named):
        assert "methods/evil/card.toml" in answer["err"]
        assert "Traceback" not in answer["err"]


@pytest.mark.parametrize(
    "claim",
    ['id = "constant"', 'id = "evil"\nname = "\\u001b[2J"', 'id = "../evil"', "x." * 30_000 + "x = 1"],
)
def test_a_card_cannot_take_a_name_or_write_to_the_terminal(checkout: Path, claim: str) -> None:
    file = checkout / "methods" / "evil" / "card.toml"
    try:
        file.write_text(
            METHOD.replace('id = "evil"', claim, 1).replace(
                'name = "Evil"\n', "" if "name" in claim else 'name = "Evil"\n'
            )
        )
        (answer,) = act(checkout, "list methods")
    finally:
        file.write_text(METHOD)
    # A bad card is left out, and so are both plug-ins of one name: nobody can say which is meant.
    assert (answer["code"], answer["trap"]) == (0, [])
    assert "methods/evil/card.toml" in answer["err"]
    assert claim != 'id = "constant"' or "constant" not in answer["out"].split()
    assert "\x1b" not in answer["err"] + answer["out"]
