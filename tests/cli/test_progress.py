from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

import pytest

from aqa_bench.cli.progress import TerminalProgress


def test_a_pipe_gets_a_line_at_once_and_then_at_regular_times_without_any_report(capsys) -> None:
    progress = TerminalProgress(every_s=0.2)
    progress.start("training", 3)
    assert capsys.readouterr().err == "training: 0/3\n"
    time.sleep(0.7)
    progress.advance(1, loss=0.25)
    time.sleep(0.5)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 6
    assert lines[0].startswith("training: 0/3")
    assert re.search(r"^training: 1/3, .*left, loss 0.25$", lines[-1])
    time.sleep(0.5)
    assert capsys.readouterr().err == ""


def test_many_short_tasks_say_little(capsys) -> None:
    progress = TerminalProgress(every_s=5.0)
    for number in range(50):
        progress.start(f"task {number}")
    progress.close()
    assert capsys.readouterr().err == "task 0\n"


@pytest.mark.parametrize("quiet", [True, False])
def test_quiet_shows_nothing(quiet: bool, capsys, monkeypatch) -> None:
    if not quiet:
        monkeypatch.setenv("AQA_BENCH_QUIET", "1")
    progress = TerminalProgress(quiet=quiet, every_s=0.05)
    progress.start("task", 2)
    time.sleep(0.2)
    progress.advance()
    progress.close()
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [60, 200])
def test_a_terminal_gets_a_bar_with_the_time_left_on_one_line(columns: int) -> None:
    code = (
        "import time\nfrom aqa_bench.cli.progress import TerminalProgress\n"
        "p = TerminalProgress()\np.start('a task [with] a name', 40)\n"
        "for _ in range(8): time.sleep(.1); p.advance(1, loss=.5)\np.close()"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        # Linux says so when the other end is closed.
        pass
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert re.search(r"\d/40 +[1-9][.\d minhs]* left", text)
    assert all(len(line) <= columns for line in re.split(r"[\r\n]+", text))
