"""Results on disk: killed while a run is replaced (``run --force``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench.core import files
from aqa_bench.core.exchange import exchange
from aqa_bench.core.files import atomic_directory, recover_directory
from aqa_bench.core.record import read_record
from aqa_bench.protocol.finished import trusted_run
from aqa_bench.protocol.runner import run


class Killed(BaseException):
    """What a kill between two statements leaves: nothing after it runs."""


@pytest.fixture
def killed_between_the_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without an exchange of names, on which the process ends after the first rename."""
    move_aside = files._move_aside

    def end(target: Path) -> None:
        move_aside(target)
        raise Killed

    monkeypatch.setattr("aqa_bench.core.exchange.exchange", lambda *_: False)
    monkeypatch.setattr(files, "_move_aside", end)


def test_a_run_that_was_moved_aside_by_a_killed_force_is_found_again(
    resolved, tmp_path: Path, killed_between_the_renames
) -> None:
    first = run(resolved(), tmp_path)
    with pytest.raises(Killed):
        run(resolved(), tmp_path, force=True)
    assert not first.path.exists()
    # Whichever command comes next.
    assert read_record(first.path) == first.record
    assert trusted_run(first.path).record == first.record
    again = run(resolved(), tmp_path)
    assert (again.cached, again.record) == (True, first.record)
    assert not list(tmp_path.rglob(".*.old.*"))


def test_a_suite_finds_it_again_too(plugins, tmp_path: Path, killed_between_the_renames) -> None:
    from aqa_bench.protocol.plan import Request, resolve
    from aqa_bench.protocol.suite_log import SuiteLog
    from aqa_bench.protocol.suite_status import suite_status

    job = Request("stick-figures/shoulder-press", "noise", scheme="one-class")
    run(resolve(job), tmp_path)
    with pytest.raises(Killed):
        run(resolve(job), tmp_path, force=True)
    assert suite_status([job], tmp_path, SuiteLog(tmp_path, "mine")).done == 1


def test_a_reader_never_finds_the_place_empty_while_runs_are_exchanged(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with atomic_directory(target) as folder:
        (folder / "run.json").write_text("0")
    watch = (
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1]) / 'run.json'\n"
        "print('ready', flush=True)\n"
        "missing = 0\n"
        "while not pathlib.Path(sys.argv[2]).exists():\n"
        "    try: file.read_text()\n"
        "    except FileNotFoundError: missing += 1\n"
        "print(missing)\n"
    )
    end = tmp_path / "end"
    reader = subprocess.Popen(
        [sys.executable, "-c", watch, str(target), str(end)], stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    reader.stdout.readline()
    for number in range(100):
        with atomic_directory(target, replace=True) as folder:
            (folder / "run.json").write_text(str(number))
    end.touch()
    missing = int(reader.communicate(timeout=30)[0])
    if exchange_works(tmp_path):
        assert missing == 0
    assert (target / "run.json").read_text() == "99"


def exchange_works(folder: Path) -> bool:
    for name in ("a", "b"):
        (folder / name).mkdir()
    return exchange(folder / "a", folder / "b")


def test_names_change_places_in_one_step_on_linux(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("renameat2 is Linux's")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").is_file()
    assert not exchange(tmp_path / "a", tmp_path / "missing")


def test_an_old_run_beside_a_whole_one_goes(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "x") as folder:
        (folder / "old").touch()
    (tmp_path / ".x.old.stale").mkdir()
    (tmp_path / ".x.old.stale" / "x").mkdir()
    recover_directory(tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]
    assert (tmp_path / "x" / "old").is_file()


def test_what_was_moved_aside_twice_comes_back_once(tmp_path: Path) -> None:
    for end in ("a", "b"):
        (tmp_path / f".x.old.{end}" / "x").mkdir(parents=True)
        (tmp_path / f".x.old.{end}" / "x" / end).touch()
    recover_directory(tmp_path / "x")
    recover_directory(tmp_path / "x")
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
