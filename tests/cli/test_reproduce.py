from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.receipt import read_receipt
from aqa_bench.protocol import reproduce
from aqa_bench.stats import scoring

DATASET = "stick-figures/shoulder-press"
PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.fixture(autouse=True)
def _all_resamples(_few_resamples: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is patched here is not in other processes."""
    monkeypatch.setitem(scoring.evaluate.__kwdefaults__, "n_resamples", scoring.N_RESAMPLES)


@pytest.fixture
def made(cli, plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes runs in this process, and lets other ones find the methods of the tests."""
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS), prepend=":")

    def make(method: str, seed: int = 0) -> Path:
        options = ("--method", method, "--seed", seed, "--dataset", DATASET, "--out", tmp_path / "runs")
        answer = cli("run", *options, "--json")
        assert answer.code == 0, answer.err
        return Path(answer.document["path"])

    return make


def test_runs_are_had_again_to_the_last_digit_in_another_process(
    cli, made: Callable[..., Path], tmp_path: Path
) -> None:
    for method, seed in (("constant", 0), ("pose-trainer-rules", 0), ("noise", 0), ("noise", 1)):
        made(method, seed)
    runs = tmp_path / "runs"
    answer = cli("reproduce", runs, "--seed", "any", "--out", tmp_path / "receipts", "--json")
    assert answer.code == 0, answer.err
    assert answer.document["ok"]
    found = {each["method"]: each for each in answer.document["receipts"]}
    assert found.keys() == {"constant", "pose-trainer-rules", "noise"}
    for each in found.values():
        assert (each["verdict"], each["largest_difference"], each["machine"]) == ("identical", 0.0, [])
        assert read_receipt(Path(each["path"])).apart(Path(each["run"])) is None
        assert each["path"] == f"{tmp_path}/receipts/{DATASET}/{each['method']}/{each['run_id']}/receipt.json"


def test_doctored_predictions_differ_and_end_with_1(
    cli, made: Callable[..., Path], tmp_path: Path, resealed
) -> None:
    folder = made("pose-trainer-rules")
    text = (folder / "predictions.csv").read_text()
    line = next(line for line in text.splitlines() if ",test," in line)
    score = float(line.rpartition(",")[2])
    content = text.replace(line, f"{line.rpartition(',')[0]},{1.0 if score < 0.5 else 0.0}", 1).encode()
    (folder / "predictions.csv").write_bytes(content)
    resealed(folder, predictions_sha256=sha256_bytes(content))
    answer = cli("reproduce", folder, "--out", tmp_path / "receipts")
    assert answer.code == 1
    assert f"differs: {folder.as_posix()}" in answer.out
    (receipt,) = (tmp_path / "receipts").rglob("receipt.json")
    assert read_receipt(receipt).verdict == "differs"


def test_a_seed_is_chosen_by_number_or_drawn(
    cli, made: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("noise", 0), made("noise", 1)
    runs, folder = tmp_path / "runs", made("constant")
    shutil.copytree(folder, folder.with_name(f".{folder.name}.damaged"))
    monkeypatch.setattr(reproduce, "rerun", lambda folder, *_: folder)
    seeds, drawn = set(), ("--seed", "any")
    for i in range(12):
        answer = cli("reproduce", runs / DATASET / "noise", *drawn, "--out", tmp_path / str(i), "--json")
        (receipt,) = answer.document["receipts"]
        seeds.add(receipt["seed"])
    assert seeds == {0, 1}
    for options, count in (((), 3), (("--seed", "1"), 1), (("--seed", "0"), 2)):
        answer = cli("reproduce", runs, *options, "--out", tmp_path / "r", "--json")
        assert len(answer.document["receipts"]) == count
    refused = cli("reproduce", runs, "--seed", "9")
    assert (refused.code, "No run has this seed" in refused.err) == (2, True)
    assert cli("reproduce", runs, "--seed", "best").code == 2


def test_a_folder_without_a_run_and_another_protocol_are_refused(
    cli, made: Callable[..., Path], tmp_path: Path, resealed
) -> None:
    assert "not a run folder" in cli("reproduce", tmp_path / "nothing").err
    folder = made("constant")
    resealed(folder, benchmark_version="v0")
    answer = cli("reproduce", folder)
    assert (answer.code, "run-id does not match its record" in answer.err) == (1, True)
