from __future__ import annotations

import pytest

from aqa_bench.protocol.doctor import speed

KEYS = {"schema", "ok", "machine", "device", "versions", "methods", "renderer", "speed", "seconds"}
SMALL = speed.Size(32, 2, 1, 1, frames=4)


@pytest.fixture(autouse=True)
def _small_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    for sizes in (speed.PRETRAINING, speed.FINETUNING):
        monkeypatch.setitem(sizes, "cpu", SMALL)


def test_one_document_says_what_works(cli) -> None:
    answer = cli("doctor", "--device", "cpu", "--method", "constant", "--method", "pose-tdm", "--json")
    assert answer.code == 0
    document = answer.document
    assert document.keys() == KEYS
    assert document["ok"] is True
    assert {trial["method"] for trial in document["methods"]} == {"constant", "pose-tdm"}
    assert {"method", "recipe", "ok", "seconds", "error"} <= document["methods"][0].keys()
    assert document["versions"]["torch"]
    assert document["speed"]["pre-training"]["augmentations"]["strong"]["ratio"] > 0
    assert document["renderer"][0]["family"] == "synthetic-gym"
    assert "constant quick: ok" in answer.err


def test_people_get_a_line_per_stage_and_a_table(cli) -> None:
    answer = cli("doctor", "--device", "cpu", "--quick", "--method", "prior")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "importing packages"
    assert any("1/1 prior quick: ok" in line for line in lines)
    assert "1 of 1 methods and recipes work, 0 failed, 0 not tried" in lines[-1]
    assert "speed" not in answer.out


def test_a_method_that_fails_is_exit_1(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqa_bench.core.registry import find_method

    def fit(*_: object) -> None:
        raise RuntimeError("no kernel image")

    monkeypatch.setattr(find_method("constant").load(), "fit", fit)
    answer = cli("doctor", "--device", "cpu", "--quick", "--method", "constant", "--json")
    assert answer.code == 1
    assert answer.document["ok"] is False
    (trial,) = answer.document["methods"]
    assert (trial["ok"], trial["error"]) == (False, "RuntimeError: no kernel image")


def test_a_device_that_is_not_there_is_wrong_usage(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    answer = cli("doctor", "--device", "cuda")
    assert answer.code == 2
    assert "this machine has none" in answer.err


def test_a_method_that_does_not_exist_is_wrong_usage(cli) -> None:
    answer = cli("doctor", "--method", "cvcpsc")
    assert answer.code == 2
    assert "Did you mean 'cvcspc'" in answer.err


def test_a_speed_stage_that_fails_does_not_hide_the_others(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(speed, "pretraining_speed", fail)
    answer = cli("doctor", "--device", "cpu", "--method", "constant", "--json")
    assert answer.code == 1
    assert answer.document["speed"]["pre-training"] == {"error": "RuntimeError: out of memory"}
    assert answer.document["speed"]["fine-tuning"]["clips_per_second"] > 0
