"""A student with the download: from the archive to a table of own runs, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from aqa_bench.boards import row_scores
from aqa_bench.cli.main import main
from aqa_bench.stats import scoring

SQUAT = "fitness-aqa/backsquat"


@pytest.fixture
def typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", 50)
    monkeypatch.setattr(row_scores, "N_RESAMPLES", 50)
    monkeypatch.chdir(tmp_path)

    def call(line: str) -> tuple[int, str]:
        capsys.readouterr()
        return main(line.split()), capsys.readouterr().out

    return call


def test_from_the_archives_to_a_table(
    typed: Callable[..., tuple[int, str]], tiny: ModuleType, tmp_path: Path
) -> None:
    tiny.write_zipped(tmp_path / "download")
    assert typed("dataset prepare fitness-aqa --source download")[0] == 0
    code, page = typed(f"dataset verify {SQUAT}")
    # The tiny release lacks what the published counts say.
    assert code == 1
    assert page.index("see the problems") < page.index("## Problems") < page.index("## Coverage")
    for method in ("prior", "constant"):
        code, shown = typed(f"run --method {method} --dataset {SQUAT} --task kie")
        first, second, third = shown.splitlines()
        assert code == 0
        assert first.startswith("kie: f1 ")
        assert "floor " in first
        assert second.startswith("no rank: ")
        assert Path(third, "run.json").is_file()
    code, table = typed("runs")
    lines = [line.split() for line in table.splitlines()]
    assert code == 0
    assert f"{SQUAT}, kie (scheme official; no board)" in table
    assert {"prior", "constant", "the"} <= {line[1] for line in lines if len(line) > 5}
    assert typed(f"score {third}")[0] == 0
