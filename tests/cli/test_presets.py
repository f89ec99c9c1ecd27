"""A preset of generated data from the command line: from preparing it to its board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DIVING = "synthetic-gym/diving@tiny"


def test_the_listing_has_one_line_for_a_dataset_and_says_which_presets_there_are(cli) -> None:
    cards = {card["id"]: card for card in cli("list", "datasets", "--json").document}
    assert cards["synthetic-gym/diving"]["presets"][:2] == ["demo", "tiny"]
    assert cards["stick-figures/shoulder-press"]["presets"] == []
    assert not any("@" in name for name in cards)
    [line] = [line for line in cli("list", "datasets").out.splitlines() if "synthetic-gym/diving" in line]
    assert "demo, tiny" in line


def test_a_card_says_how_its_presets_are_named(cli) -> None:
    for asked, shown in (("", ""), ("@demo", ""), ("@tiny", "@tiny")):
        document = cli("dataset", "info", f"synthetic-gym/diving{asked}", "--json").document
        assert document["id"] == f"synthetic-gym/diving{shown}"
    text = cli("dataset", "info", DIVING).out
    assert "presets: demo (synthetic-gym/diving), tiny (synthetic-gym/diving@tiny)" in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("synthetic-gym/diving@tin", "Did you mean 'tiny'"),
        ("synthetic-gym/diving@", "no preset of synthetic-gym/diving"),
        ("synthetic-gym@tin", "Did you mean 'tiny'"),
        ("synthetic-gym/divin@tiny", "Did you mean 'synthetic-gym/diving'"),
        ("stick-figures/shoulder-press@tiny", "has no presets"),
        ("stick-figures@tiny", "has no presets"),
    ],
)
def test_an_unknown_preset_is_wrong_usage_that_names_the_nearest(cli, asked: str, said: str) -> None:
    answer = cli("dataset", "prepare", asked)
    assert answer.code == 2
    assert said in answer.err


def test_a_family_is_prepared_under_one_preset(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.datasets.synthetic_gym.adapter import SyntheticGymFamily

    asked: list[str | None] = []

    def prepare(self: object, dataset: str | None, *_: object) -> list[str]:
        asked.append(dataset)
        return [str(dataset)]

    monkeypatch.setattr(SyntheticGymFamily, "prepare", prepare)
    exercises = [f"synthetic-gym/{name}" for name in ("backsquat", "overhead-press", "barbell-row", "diving")]
    document = cli("dataset", "prepare", "synthetic-gym@tiny", "--json").document
    assert document["done"] == [f"{name}@tiny" for name in exercises]
    assert cli("dataset", "prepare", "synthetic-gym@demo", "--json").document["done"] == exercises
    cli("dataset", "prepare", "synthetic-gym")
    assert asked[-1] is None


def test_sources_are_refused_with_a_command_that_is_not(cli, tmp_path: Path) -> None:
    answer = cli("dataset", "prepare", "synthetic-gym", "--source", tmp_path)
    assert answer.code == 2
    assert "--source" not in answer.err
    assert "aqa-bench dataset prepare synthetic-gym" in answer.err


def test_show_and_verify_both_generate_on_first_use(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    row = "synthetic-gym/barbell-row@tiny"
    for verb in (("verify", row, "--json"), ("show", row, "--out", tmp_path / "row.png")):
        monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / verb[0]))
        answer = cli("dataset", *verb)
        assert answer.code == 0, answer.err
        assert list((tmp_path / verb[0] / "synthetic-gym" / "v1" / "tiny" / "barbell-row").rglob("*.jpg"))
    assert (tmp_path / "row.png").read_bytes()[:4] == b"\x89PNG"


def test_a_run_on_a_preset_goes_its_own_way_to_a_board_of_its_own(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {}
    for dataset in ("synthetic-gym/diving", "synthetic-gym/diving@demo", DIVING):
        answer = cli("run", "--method", "metadata", "--dataset", dataset, "--json")
        assert answer.code == 0, answer.err
        found[dataset] = answer.document
    demo, alias, tiny = found.values()
    assert (alias["run_id"], alias["cached"], alias["dataset"]) == (demo["run_id"], True, demo["dataset"])
    assert (demo["dataset"], tiny["dataset"]) == ("synthetic-gym/diving", DIVING)
    assert tiny["path"] == f"runs/{DIVING}/metadata/{tiny['run_id']}"
    assert "agrees with the record" in cli("score", tiny["path"]).out
    assert cli("submit", demo["path"], tiny["path"]).code == 0
    judged = cli("validate", "submissions", "--json", "--comment", "comment.md").document
    assert judged["ok"]
    assert len(judged["rescored"]) == 2
    assert f"### {DIVING}, score-dd, official" in Path("comment.md").read_text()
    assert cli("leaderboard", "build").code == 0
    boards = {
        folder.name: json.loads((folder / "table.json").read_text())
        for folder in Path("leaderboards/v2").iterdir()
        if folder.is_dir()
    }
    assert {name: board["dataset"] for name, board in boards.items()} == {
        "synthetic-gym-diving": "synthetic-gym/diving",
        "synthetic-gym-diving@tiny": DIVING,
    }
    assert cli("leaderboard", "check").code == 0


def test_a_record_that_spells_out_the_default_is_refused(cli, tmp_path: Path) -> None:
    arguments = ("run", "--method", "metadata", "--dataset", "synthetic-gym/diving", "--out", tmp_path)
    run = Path(cli(*arguments, "--json").document["path"])
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"dataset": "synthetic-gym/diving@demo"}))
    problems = cli("validate", run, "--json").document["problems"]
    assert "the id does not name the default preset" in {problem["rule"] for problem in problems}
