from __future__ import annotations

from pathlib import Path

import pytest

import aqa_bench as aqa
from aqa_bench.core.errors import UsageError
from aqa_bench.core.sealed import Damaged
from aqa_bench.front.running import Run, open_run

DATASET = "stick-figures/shoulder-press"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return aqa.run(
        "duration", DATASET, scheme="one-class-clean", out=tmp_path_factory.mktemp("runs"), alpha=2.0
    )


def test_a_run_is_what_its_record_says(made: Run) -> None:
    record = made.record
    assert (record.method, record.scheme, record.hyperparameters["alpha"]) == (
        "duration",
        "one-class-clean",
        2.0,
    )
    (row,) = made.table.to_dict("records")
    value = record.metrics["form"]["auroc"]
    assert (row["metric"], row["value"], row["low"], row["high"]) == (
        "auroc",
        value.value,
        value.low,
        value.high,
    )
    assert (row["floor"], row["skill"]) == (0.5, record.skill["form"])
    assert made.metrics.set_index("metric")["value"].to_dict().keys() == record.metrics["form"].keys()
    assert list(made.predictions) == ["sample_id", "task", "fold", "split", "score"]
    assert "form: auroc" in repr(made)


def test_a_run_on_disk_is_not_made_again(made: Run) -> None:
    again = aqa.run("duration", DATASET, scheme="one-class-clean", out=made.path.parents[3], alpha=2.0)
    assert again.cached
    assert again.record == made.record
    assert open_run(made.path).record == made.record


def test_predictions_that_were_changed_are_refused(made: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for file in made.path.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    text = (folder / "predictions.csv").read_text()
    (folder / "predictions.csv").write_text(text + text.splitlines()[1].replace("r0f0", "r77f0") + "\n")
    with pytest.raises(Damaged, match="differ from those that were scored"):
        _ = open_run(folder).predictions


def test_wrong_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'duration'"):
        aqa.run("duratoin", DATASET, out=tmp_path)
    with pytest.raises(UsageError, match="Did you mean 'alpha'"):
        aqa.run("duration", DATASET, out=tmp_path, alpa=1)
    with pytest.raises(UsageError, match="Did you mean 'form'"):
        aqa.run("duration", DATASET, out=tmp_path, tasks="fom")
    assert not list(tmp_path.iterdir())
