"""Results on disk: what was computed with other code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.code_digest import ComputingCode
from aqa_bench.core.errors import MethodError
from aqa_bench.protocol import run_code
from aqa_bench.protocol.ensemble import combine
from aqa_bench.protocol.partials import Partials
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import Outcome, run
from aqa_bench.protocol.suite_log import SuiteLog
from aqa_bench.protocol.suite_status import suite_status

DATASET = "stick-figures/shoulder-press"
REQUEST = Request(DATASET, "noise", scheme="folds")
OLD, NEW = "noise - 1 + self.shift", "noise**2 - 1 + self.shift"


def go(out: Path, **changes: object) -> Outcome:
    return run(resolve(REQUEST), out, **changes)


def test_a_method_that_was_changed_runs_again_and_the_old_run_is_kept(
    my_idea, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = go(tmp_path)
    my_idea(OLD, NEW)
    again = go(tmp_path)
    assert not again.cached
    assert again.record.run_id == first.record.run_id
    assert again.record.predictions_sha256 != first.record.predictions_sha256
    assert again.record.code.method != first.record.code.method
    assert again.record.code.harness == first.record.code.harness
    assert "the code of noise changed since: repeating the run" in caplog.text
    kept = first.path.with_name(f".{first.path.name}.other-code")
    assert str(kept) in caplog.text
    assert json.loads((kept / "run.json").read_text())["code"]["method"] == first.record.code.method
    assert go(tmp_path).cached


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A method that behaves, or', '"""Words of another kind: a method that behaves, or'),
        (
            "self.seed, self.trick, self.shift = seed",
            "# Kept.\n        self.seed, self.trick, self.shift = seed",
        ),
    ],
    ids=["docstring", "comment"],
)
def test_an_edited_docstring_or_comment_reruns_nothing(my_idea, tmp_path: Path, old: str, new: str) -> None:
    go(tmp_path)
    my_idea(old, new)
    assert go(tmp_path).cached


def test_code_that_is_changed_back_gives_the_first_result_again(my_idea, tmp_path: Path) -> None:
    first = go(tmp_path)
    my_idea(OLD, NEW)
    go(tmp_path)
    my_idea(NEW, OLD)
    again = go(tmp_path)
    assert not again.cached
    assert again.record.predictions_sha256 == first.record.predictions_sha256
    assert again.record.code == first.record.code


def test_splits_of_a_crashed_run_are_not_mixed_with_those_of_the_mended_method(
    my_idea, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = go(tmp_path / "fresh-old").record.predictions_sha256
    keep, kept = Partials.keep, []

    def crash(self: Partials, *arguments) -> object:
        if len(kept) == 12:
            raise KeyboardInterrupt
        kept.append(arguments)
        return keep(self, *arguments)

    monkeypatch.setattr(Partials, "keep", crash)
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "out")
    monkeypatch.setattr(Partials, "keep", keep)
    assert len(list((tmp_path / "out").rglob("*.json"))) == 12
    my_idea(OLD, NEW)
    mended = go(tmp_path / "out").record.predictions_sha256
    assert mended == go(tmp_path / "fresh-new").record.predictions_sha256 != old
    assert caplog.text.count("finished with another method's code, fitted again") == 12


def test_code_that_is_edited_during_a_run_leaves_no_mixed_result(
    my_idea, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = Partials.read, []

    def edit_in_the_middle(self: Partials, task: str, split: str) -> object:
        asked.append(split)
        if len(asked) == 5:
            my_idea(OLD, NEW)
        return read(self, task, split)

    monkeypatch.setattr(Partials, "read", edit_in_the_middle)
    with pytest.raises(MethodError, match="The code of the method was edited during the run"):
        go(tmp_path / "out")
    assert not list((tmp_path / "out").rglob("run.json"))
    monkeypatch.setattr(Partials, "read", read)
    assert go(tmp_path / "out").record.predictions_sha256 == go(tmp_path / "x").record.predictions_sha256


def test_a_harness_that_is_edited_between_two_runs_of_a_process(
    resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a long suite has imported stays what it was: its next run would name code it does not have."""
    run(resolved("constant"), tmp_path / "before")
    computing, module = run_code._computing, "aqa_bench.stats.metrics"

    def edited(*of: Any) -> ComputingCode:
        code = computing(*of)
        return replace(code, harness={**code.harness, module: "0" * 64})

    monkeypatch.setattr(run_code, "_computing", edited)
    with pytest.raises(MethodError, match="was edited since this process began") as caught:
        run(resolved("constant"), tmp_path / "after")
    assert caught.value.where == module


def test_a_changed_harness_runs_again(
    my_idea, tmp_path: Path, resealed, caplog: pytest.LogCaptureFixture
) -> None:
    first = go(tmp_path)
    resealed(first.path, code=first.record.code.model_dump() | {"harness": "0" * 64})
    assert not go(tmp_path).cached
    assert "the code of the harness changed since: repeating the run" in caplog.text


def test_a_run_from_before_code_was_recorded_is_answered_and_says_so(
    my_idea, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = go(tmp_path).path
    document = json.loads((folder / "run.json").read_text())
    del document["code"], document["seal"]
    (folder / "run.json").write_text(json.dumps(document))
    assert go(tmp_path).cached
    assert "its code is unknown" in caplog.text


def test_a_suite_takes_no_run_of_other_code_for_done(my_idea, tmp_path: Path) -> None:
    go(tmp_path)
    log = SuiteLog(tmp_path, "mine")
    assert suite_status([REQUEST], tmp_path, log).done == 1
    my_idea(OLD, NEW)
    status = suite_status([REQUEST], tmp_path, log)
    assert (status.done, status.again) == (0, {REQUEST: "the code of noise changed since"})


def test_an_ensemble_is_made_again_when_a_members_code_has_changed(my_idea, tmp_path: Path) -> None:
    def members() -> list[Path]:
        runs = (Request(DATASET, "noise", scheme="folds", seed=seed) for seed in (0, 1))
        return [run(resolve(request), tmp_path).path for request in runs]

    first = combine(members(), tmp_path)
    assert combine(members(), tmp_path).cached
    my_idea(OLD, NEW)
    again = combine(members(), tmp_path)
    assert not again.cached
    assert again.record.code.method != first.record.code.method
    assert again.record.predictions_sha256 != first.record.predictions_sha256


def test_the_digest_tells_a_dirty_checkout(resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.protocol import run_code

    monkeypatch.setattr(run_code, "_differ", lambda files: any(f.name == "custody.py" for f in files))
    assert run(resolved(), tmp_path).record.code.dirty
