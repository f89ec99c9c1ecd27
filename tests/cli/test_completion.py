"""What a shell is given while a command is typed."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aqa_bench.cli.main import main
from aqa_bench.core import registry


def completed(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The words that bash offers at the end of what is typed."""
    words = typed.split(" ")
    monkeypatch.setenv("_AQA_BENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main([])
    out, err = capsys.readouterr()
    assert err == ""
    return out.split()


@pytest.mark.parametrize(
    ("typed", "offered", "others"),
    [
        ("aqa-bench run --method pose-t", {"pose-tdm", "pose-trainer-rules", "pose-trainer-dtw"}, {"prior"}),
        ("aqa-bench method info roc", {"rocket"}, set()),
        ("aqa-bench run --method constant --recipe ", {"quick"}, {"paper"}),
        ("aqa-bench explain --method simsiam --recipe pa", {"paper"}, {"quick"}),
        (
            "aqa-bench dataset info synthetic-gym/div",
            {"synthetic-gym/diving", "synthetic-gym/diving@tiny"},
            set(),
        ),
        ("aqa-bench evaluate scores.csv --dataset unlv", {"unlv-dive"}, set()),
        ("aqa-bench run --dataset pose-trainer/bicep-curl --task ", {"form"}, {"kie"}),
        ("aqa-bench run --dataset fitness-aqa/backsquat --task k", {"kie", "kfe"}, {"ss"}),
        ("aqa-bench run --pretrain-on mtl", {"mtl-aqa/diving"}, set()),
    ],
)
def test_ids_complete(
    typed: str,
    offered: set[str],
    others: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = completed(typed, monkeypatch, capsys)
    assert offered <= set(found)
    assert not others & set(found)


def test_a_slip_or_a_broken_plugin_offers_nothing_and_prints_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "card.toml").write_text("id = ")
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aqa_bench.methods]\ntheirs = theirs\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.refresh()
    try:
        assert completed("aqa-bench run --method constnat --recipe ", monkeypatch, capsys) == []
        assert "prior" in completed("aqa-bench run --method pri", monkeypatch, capsys)
    finally:
        monkeypatch.undo()
        registry.refresh()


def test_completing_reads_cards_alone() -> None:
    code = (
        "import sys, os; from aqa_bench.cli.main import main\n"
        "try: main([])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'sklearn', 'scipy', 'pandas', 'av', 'rich.table'} & set(sys.modules)\n"
        "late = [m for m in sys.modules if m.startswith(('aqa_bench.methods.', 'aqa_bench.protocol'))]\n"
        "sys.exit(f'{heavy} {late}' if heavy or late else 0)"
    )
    typed = {"COMP_WORDS": "aqa-bench run --method cv", "COMP_CWORD": "3"}
    environment = {**os.environ, "_AQA_BENCH_COMPLETE": "complete_bash", **typed}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["cvcspc"]), done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_a_preset_behind_its_at(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    program = tmp_path / "aqa-bench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aqa_bench "$@"\n')
    program.chmod(0o755)
    script = subprocess.run(
        [program],
        env={**os.environ, "_AQA_BENCH_COMPLETE": "source_bash"},
        capture_output=True,
        text=True,
        check=True,
    )
    rc = tmp_path / "rc"
    rc.write_text(f"{script.stdout}\nPS1='> '\nbind 'set bell-style none'\n")
    typed = {
        "dataset info synthetic-gym/diving@t": "dataset info synthetic-gym/diving@tiny ",
        "run --dataset=synthetic-gym/diving@ti": "run --dataset=synthetic-gym/diving@tiny ",
    }
    parent, child = pty.openpty()
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"}
    shell = subprocess.Popen(
        ["bash", "--noprofile", "--rcfile", rc, "-i"],
        stdin=child,
        stdout=child,
        stderr=child,
        env=environment,
        start_new_session=True,
    )
    try:
        for line, wanted in typed.items():
            assert _shown(parent, until="> ")
            os.write(parent, f"aqa-bench {line}\t".encode())
            assert f"aqa-bench {wanted}" in _shown(parent, until=wanted)
            # Drops the line and asks for the next one. Ctrl-C may meet the completion's process instead.
            os.write(parent, b"\x15\n")
    finally:
        shell.kill()
        shell.wait()
        os.close(parent)
        os.close(child)


def _shown(terminal: int, until: str) -> str:
    """What a terminal shows, until a text is there or a minute is over."""
    text, end = "", time.monotonic() + 60
    while until not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            text += os.read(terminal, 4096).decode(errors="replace")
    return text
