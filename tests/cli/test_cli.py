from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqa_bench import BENCHMARK_VERSION, __version__
from aqa_bench.core import files

DATASET = "stick-figures/shoulder-press"


@pytest.fixture
def made(cli, tmp_path: Path, plugins):
    """A finished run's folder."""

    def make(method: str = "duration", *more: str) -> Path:
        answer = cli(
            "run", "--method", method, "--dataset", DATASET, "--out", tmp_path / "runs", "--json", *more
        )
        assert answer.code == 0, answer.err
        return Path(answer.document["path"])

    return make


def submitted(made, tmp_path: Path) -> Path:
    for method in ("constant", "duration"):
        for scheme in ("folds", "one-class"):
            made(method, "--scheme", scheme)
    return tmp_path / "runs"


def in_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["leaderboard", "check", "--help"], ["--version"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = in_process(
        "import sys\nfrom aqa_bench.cli.main import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'torch', 'torchvision', 'pandas', 'sklearn', 'scipy', 'numpy', 'av'} & set(sys.modules)\n"
        "sys.exit(code or (str(heavy) if heavy else 0))"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_help_names_every_verb(cli) -> None:
    answer = cli("--help")
    assert answer.code == 0
    for verb in ("list", "dataset", "run", "suite", "score", "compare", "ensemble", "leaderboard", "table"):
        assert verb in answer.out
    assert cli("--version").out == f"aqa-bench {__version__}, protocol {BENCHMARK_VERSION}\n"


def test_module_and_script_are_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aqa_bench", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"aqa-bench {__version__}, protocol {BENCHMARK_VERSION}\n")


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("datasets", {"id", "licence", "source", "citation", "tasks", "schemes", "provides"}),
        ("methods", {"id", "version", "paper", "modality", "needs", "recipes", "default_recipe"}),
        ("tables", {"id", "title"}),
    ],
)
def test_list(cli, what: str, keys: set[str]) -> None:
    answer = cli("list", what, "--json")
    assert (answer.code, answer.err) == (0, "")
    ids = [card["id"] for card in answer.document]
    assert all(keys <= card.keys() for card in answer.document)
    assert len(set(ids)) == len(ids) > 0
    text = cli("list", what).out
    assert all(name in text for name in ids)


def test_dataset_info(cli) -> None:
    document = cli("dataset", "info", DATASET, "--json").document
    assert document["id"] == DATASET
    assert document["licence"] in cli("dataset", "info", DATASET).out


def test_dataset_verify(cli) -> None:
    answer = cli("dataset", "verify", DATASET, "--json")
    assert answer.code == 0
    document = answer.document
    assert {
        "dataset",
        "fingerprint",
        "ok",
        "tasks",
        "coverage",
        "groups_across_splits",
        "duplicates",
        "notes",
    } <= document.keys()
    assert {"expected", "found", "missing", "unreadable", "extra"} == document["coverage"].keys()
    for part in document["tasks"]["form"]["splits"].values():
        assert part.keys() == {"n", "positive", "floor"}
    assert document["fingerprint"][:16] in cli("dataset", "verify", DATASET).out


def test_dataset_prepare(cli) -> None:
    document = cli("dataset", "prepare", "stick-figures", "--json").document
    assert document.keys() == {"dataset", "home", "done"}
    assert document["done"]
    assert cli("dataset", "prepare", DATASET).code == 0
    assert cli("dataset", "prepare", DATASET, "--option", "preset").code == 2


def test_run(cli, tmp_path: Path) -> None:
    arguments = ("run", "--method", "duration", "--dataset", DATASET, "--out", tmp_path, "--json")
    first, again = cli(*arguments), cli(*arguments)
    assert (first.code, first.err) == (0, "")
    document = first.document
    assert {
        "run_id",
        "path",
        "dataset",
        "method",
        "recipe",
        "seed",
        "cached",
        "metrics",
        "floors",
        "coverage",
    } <= document.keys()
    assert (document["dataset"], document["method"], document["seed"]) == (DATASET, "duration", 0)
    assert document["cached"] is False
    assert document["floors"] == {"form": 0.6}
    assert all(value.keys() == {"value", "low", "high"} for value in document["metrics"]["form"].values())
    assert {"run.json", "predictions.csv"} == {p.name for p in Path(document["path"]).iterdir()}
    assert again.document == document | {"cached": True}
    assert cli(*arguments, "--force").document["cached"] is False


def test_run_for_people(cli, tmp_path: Path) -> None:
    answer = cli("run", "--method", "constant", "--dataset", DATASET, "--out", tmp_path)
    assert answer.code == 0
    assert "form: accuracy 0.400 [" in answer.out
    assert "], floor 0.600, skill -0.500, 60/60 samples" in answer.out
    leaky = cli(
        "run", "--method", "constant", "--dataset", DATASET, "--scheme", "one-class-leaky", "--out", tmp_path
    )
    assert "not comparable" in leaky.out


def test_run_passes_its_options_on(cli, tmp_path: Path, plugins) -> None:
    answer = cli(
        *("run", "--method", "noise", "--dataset", DATASET, "--task", "form", "--recipe", "leaky"),
        *("--scheme", "one-class", "--seed", 4, "--set", "shift=1", "--set", "shift=2", "--device", "cpu"),
        *("--out", tmp_path, "--json"),
    )
    record = json.loads((Path(answer.document["path"]) / "run.json").read_text())
    assert (record["recipe"], record["scheme"], record["seed"]) == ("leaky", "one-class", 4)
    assert record["hyperparameters"]["shift"] == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--method", "duratoin", "--dataset", DATASET), "Did you mean 'duration'"),
        (
            ("run", "--method", "duration", "--dataset", "stick-figures/shoulder-pres"),
            f"Did you mean '{DATASET}'",
        ),
        (("run", "--method", "duration", "--dataset", DATASET, "--recipe", "quik"), "Did you mean 'quick'"),
        (("run", "--method", "duration", "--dataset", DATASET, "--scheme", "fold"), "Did you mean 'folds'"),
        (("run", "--method", "duration", "--dataset", DATASET, "--task", "fom"), "Did you mean 'form'"),
        (("run", "--method", "duration", "--dataset", DATASET, "--set", "alpa=1"), "Did you mean 'alpha'"),
        (("run", "--method", "duration", "--dataset", DATASET, "--set", "alpha"), "key=value"),
        (("run", "--method", "duration", "--dataset", DATASET, "--set", "alpha=-1"), "invalid value"),
        (("run", "--method", "duration", "--dataset", DATASET, "--device", "tpu"), "cuda:N"),
        (("run", "--method", "duration", "--dataset", DATASET, "--device", "cuda:"), "cuda:N"),
        (("run", "--method", "duration", "--dataset", DATASET, "--seed", "-1"), "--seed"),
        (("run", "--method", "duration"), "--dataset"),
        (("dataset", "info", "stick-figure/shoulder-press"), "Did you mean"),
        (("dataset", "verify", "nothing-like-it"), "There is no dataset"),
        (("dataset", "prepare", "stick-figure"), "Did you mean"),
        (("table", "anomly"), "Did you mean 'anomaly'"),
        (("list", "method"), "methods"),
        (("rnu",), "run"),
        (("suite", "none.toml"), "suite does not exist"),
        (("ensemble",), "aqa-bench ensemble"),
        (("score",), "aqa-bench score"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_meant(
    cli, arguments: tuple[str, ...], message: str
) -> None:
    answer = cli(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err


@pytest.mark.parametrize("arguments", [(), ("dataset",), ("leaderboard",)])
def test_without_a_verb_the_help_is_shown(cli, arguments: tuple[str, ...]) -> None:
    answer = cli(*arguments)
    assert answer.code == 2
    assert "Usage" in answer.out + answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--method", "constant", "--dataset", "pose-trainer/bicep-curl", "--json"),
        ("dataset", "verify", "pose-trainer/bicep-curl", "--json"),
        ("score", "no/such/run", "--json"),
        ("compare", "no/such/run", "nor/this", "--json"),
        ("ensemble", "no/such/run", "nor/this", "--json"),
        ("leaderboard", "build", "--submissions", "no/such", "--json"),
        ("leaderboard", "check", "--submissions", "no/such", "--json"),
    ],
)
def test_work_that_fails_exits_with_1_and_one_block_on_stderr(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("error:") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_method_that_fails_is_one_readable_error(cli, tmp_path: Path, plugins) -> None:
    arguments = ("run", "--method", "noise", "--dataset", DATASET, "--set", "trick=fail", "--out", tmp_path)
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (1, "")
    assert "ZeroDivisionError: by design" in answer.err
    assert "--debug" in answer.err


def test_debug_shows_the_traceback(tmp_path: Path, plugins) -> None:
    from aqa_bench.cli.main import main
    from aqa_bench.core.errors import MethodError

    with pytest.raises(MethodError):
        main(
            [
                "--debug",
                "run",
                "--method",
                "noise",
                "--dataset",
                DATASET,
                "--set",
                "trick=fail",
                "--out",
                str(tmp_path),
            ]
        )


def test_what_nobody_thought_of_has_no_traceback_either(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("unthinkable")

    monkeypatch.setattr("aqa_bench.protocol.plan.resolve", explode)
    answer = cli("run", "--method", "constant", "--dataset", DATASET, "--out", tmp_path)
    assert (answer.code, answer.out) == (1, "")
    assert "RuntimeError: unthinkable" in answer.err


def test_a_full_disk_is_one_readable_error(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", refuse)
    answer = cli("run", "--method", "constant", "--dataset", DATASET, "--out", tmp_path / "runs", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert "No space left on device" in answer.err
    assert "--out" in answer.err


def test_score(cli, made) -> None:
    folder = made()
    answer = cli("score", folder, "--json")
    assert answer.code == 0
    (document,) = answer.document
    assert document.keys() == {"run_id", "path", "metrics", "floors", "agrees", "differs"}
    assert document["metrics"] == json.loads((folder / "run.json").read_text())["metrics"]
    assert (document["agrees"], document["differs"]) == (True, [])
    assert "agrees with the record" in cli("score", folder).out


def test_score_of_edited_predictions_fails_and_says_where(cli, made) -> None:
    folder = made()
    file = folder / "predictions.csv"
    lines = file.read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",0.123"
    file.write_text("\n".join(lines) + "\n")
    answer = cli("score", folder, "--json")
    assert answer.code == 1
    assert "predictions_sha256" in [d["where"] for d in answer.document[0]["differs"]]
    plain = cli("score", folder)
    assert plain.code == 1
    assert "DIFFERS" in plain.out
    assert str(folder) in plain.err


def test_score_of_an_edited_record_names_the_file_and_where_it_was_sealed_again_the_number(
    cli, made, resealed
) -> None:
    folder = made()
    record = json.loads((folder / "run.json").read_text())
    record["metrics"]["form"]["f1"]["value"] = 0.99
    (folder / "run.json").write_text(json.dumps(record))
    answer = cli("score", folder)
    assert answer.code == 1
    assert "damaged or was changed" in answer.err
    assert str(folder / "run.json") in answer.err
    resealed(folder)
    answer = cli("score", folder, "--json")
    assert answer.code == 1
    assert [d["where"] for d in answer.document[0]["differs"]] == ["metrics.form.f1.value"]
    assert "metrics.form.f1.value" in cli("score", folder).err


def test_compare(cli, made) -> None:
    first, second = made("duration"), made("constant")
    answer = cli("compare", first, second, "--json")
    assert answer.code == 0
    document = answer.document["form"]
    assert {"metric", "value", "low", "high", "p"} <= document.keys()
    assert document["metric"] == "accuracy"
    assert "accuracy" in cli("compare", first, second).out
    other = made("constant", "--scheme", "one-class")
    assert cli("compare", first, other).code == 2


def test_ensemble(cli, made, tmp_path: Path) -> None:
    members = [made("noise", "--seed", str(seed)) for seed in (0, 1)]
    answer = cli("ensemble", *members, "--out", tmp_path / "runs", "--json")
    assert answer.code == 0
    assert answer.document["recipe"] == "ensemble"
    assert cli("ensemble", *members, "--out", tmp_path / "runs").code == 0
    assert cli("ensemble", members[0], members[0], "--out", tmp_path / "runs").code == 2


def test_suite(cli, tmp_path: Path, plugins) -> None:
    file = tmp_path / "suite.toml"
    file.write_text(f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["constant", "prior"]\nseeds = [0, 1]\n')
    dry = cli("suite", file, "--dry-run", "--json")
    assert [(job["dataset"], job["method"], job["seed"]) for job in dry.document] == [
        (DATASET, "constant", 0),
        (DATASET, "prior", 0),
    ]
    assert len(cli("suite", file, "--dry-run").out.splitlines()) == 2
    first = cli("suite", file, "--out", tmp_path / "runs", "--json")
    assert first.code == 0
    assert (first.document["jobs"], first.document["cached"], first.document["failed"]) == (2, 0, [])
    assert cli("suite", file, "--out", tmp_path / "runs", "--json").document["cached"] == 2
    file.write_text(
        file.read_text() + f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["noise"]\nset = ["trick=nan"]\n'
    )
    failing = cli("suite", file, "--out", tmp_path / "runs", "--json")
    assert failing.code == 1
    assert [job["method"] for job in failing.document["failed"]] == ["noise"]
    assert len(failing.document["paths"]) == 2
    again = cli("suite", file, "--out", tmp_path / "runs")
    assert f"failed: {DATASET}  noise" in again.err
    assert str(tmp_path / "runs/.suite/suite/failed") in again.err
    status = cli("suite", "status", file, "--out", tmp_path / "runs", "--json").document
    assert (status["jobs"], status["done"], status["left"]) == (3, 2, [])
    assert [job["method"] for job in status["failed"]] == ["noise"]
    assert status["eta_seconds"] >= 0
    told = cli("suite", "status", file, "--out", tmp_path / "elsewhere")
    assert (told.code, told.out.splitlines()[0]) == (0, "3 jobs: 0 done, 0 failed, 3 left")
    assert "unknown" in told.out


def test_shards_of_a_suite(cli, tmp_path: Path) -> None:
    file = tmp_path / "suite.toml"
    file.write_text(f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["constant", "prior", "duration"]\n')
    parts = [cli("suite", file, "--shard", f"{i}/2", "--dry-run", "--json").document for i in (1, 2)]
    whole = cli("suite", "run", file, "--dry-run", "--json").document
    assert sorted(job["method"] for part in parts for job in part) == sorted(job["method"] for job in whole)
    assert not (tmp_path / ".suite").exists()
    for wrong in ("0/2", "3/2", "1", "a/b", "1/0"):
        answer = cli("suite", file, "--shard", wrong)
        assert answer.code == 2
        assert "I/N" in answer.err


def test_a_shipped_suite_is_found_by_its_name(cli) -> None:
    jobs = cli("suite", "smoke", "--dry-run", "--json").document
    assert {job["dataset"] for job in jobs} == {DATASET}
    assert "Did you mean 'smoke'" in cli("suite", "smoky").err


def test_leaderboard(cli, made, tmp_path: Path) -> None:
    places = ("--submissions", submitted(made, tmp_path), "--leaderboards", tmp_path / "boards")
    built = cli("leaderboard", "build", *places, "--json")
    assert built.code == 0
    assert built.document.keys() == {"written", "kept", "claims_kept", "uncounted"}
    checked = cli("leaderboard", "check", *places, "--json")
    assert checked.code == 0
    assert checked.document == {"ok": True, "rescored": 4, "unscored": {}, "problems": []}
    table = tmp_path / "boards/v2/stick-figures-shoulder-press/table.md"
    table.write_text(table.read_text().replace("0.6000", "0.5000", 1))
    edited = cli("leaderboard", "check", *places, "--json")
    assert edited.code == 1
    (problem,) = edited.document["problems"]
    assert problem.keys() == {"path", "rule", "expected", "found"}
    plain = cli("leaderboard", "check", *places)
    assert plain.code == 1
    assert "table.md:" in plain.err
    assert cli("leaderboard", "build", *places).code == 0


def test_table_without_submissions_is_an_error(cli, tmp_path: Path) -> None:
    answer = cli("table", "anomaly", "--submissions", tmp_path)
    assert (answer.code, answer.out) == (1, "")
    assert "aqa-bench suite" in answer.err


def test_tables_are_written_and_one_is_printed(cli, tmp_path: Path) -> None:
    tmp_path.joinpath("none").mkdir()
    places = ("--submissions", tmp_path / "none", "--leaderboards", tmp_path / "boards")
    written = cli("table", "all", *places, "--json").document
    assert written["tables"] == ["1", "2", "3", "4", "5", "6"]
    assert len(written["written"]) == 24
    assert (tmp_path / "boards/papers/table-6.tex").is_file()
    assert cli("table", "all", *places).out.endswith("skipped, because no runs were submitted: anomaly\n")
    told = cli("table", "1", *places)
    assert told.out.rstrip("\n") == (tmp_path / "boards/papers/table-1.md").read_text().rstrip("\n")
    assert "90.48" in told.out
    assert cli("table", "2", *places, "--json").document["sections"][1]["floor"] == 0.8184


def test_nothing_is_imported_from_torch_to_score(made) -> None:
    folder = made("constant")
    done = in_process(
        "import sys\nfrom aqa_bench.stats.scoring import evaluate\n"
        "evaluate.__kwdefaults__['n_resamples'] = 50\nfrom aqa_bench.cli.main import main\n"
        f"main(['score', {str(folder)!r}, '--json'])\nsys.exit('torch' in sys.modules)"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["path"] == str(folder)


def test_a_reader_that_hangs_up_is_no_error() -> None:
    command = f"{sys.executable} -m aqa_bench list methods | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
