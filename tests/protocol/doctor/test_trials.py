from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.registry import find_method, methods
from aqa_bench.protocol.doctor.trials import Trial, planned_trials, run_trials

LIGHT = ("constant", "prior", "duration", "metadata", "phase", "pose-trainer-rules", "bar-only")


def pairs(*names: str) -> list[tuple[MethodPlugin, str]]:
    return [(plugin, recipe) for plugin, recipe in planned_trials() if plugin.card.id in names]


def tried(*planned: tuple[MethodPlugin, str], limit_s: float = 60.0) -> list[Trial]:
    return list(run_trials(planned, "cpu", limit_s=limit_s))


def test_every_method_and_recipe_is_planned_once_and_defaults_come_first() -> None:
    planned = [(plugin.card.id, recipe) for plugin, recipe in planned_trials()]
    assert len(set(planned)) == len(planned)
    quick = [(plugin.card.id, recipe) for plugin, recipe in planned_trials(quick=True)]
    assert planned[: len(quick)] == quick == [(name, methods()[name].default_recipe) for name in methods()]


def test_light_methods_work_here() -> None:
    results = tried(*pairs(*LIGHT))
    assert {trial.method for trial in results} == set(LIGHT)
    assert [(t.method, t.recipe, t.error) for t in results if not t.ok] == []


@pytest.mark.parametrize(
    ("method", "recipe", "on"),
    [
        ("cvcspc", "quick", ("drawn clips",)),
        ("imagenet", "paper", ("drawn clips", "drawn stills")),
        ("dive-classification", "quick", ("drawn dives",)),
        ("md", "dives-quick", ("drawn clips",)),
        ("pose-tdm", "spin", ("drawn clips",)),
        ("phase", "quick", ("drawn stills",)),
        ("stgcn-ocsvm", "quick-leaky", ("stick-figures/shoulder-press",)),
    ],
)
def test_a_method_is_tried_on_what_it_judges(method: str, recipe: str, on: Sequence[str]) -> None:
    (trial,) = tried((find_method(method), recipe))
    assert trial.error is None
    assert (trial.ok, trial.on) == (True, on)


def broken(monkeypatch: pytest.MonkeyPatch, fit: object) -> tuple[MethodPlugin, str]:
    plugin = find_method("constant")
    monkeypatch.setattr(plugin.load(), "fit", fit)
    return plugin, plugin.default_recipe


def test_a_failure_gives_type_and_message_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> None:
        raise RuntimeError("dtypes do not match")

    wrong, right = broken(monkeypatch, fit), (find_method("prior"), "quick")
    first, second = tried(wrong, right)
    assert (first.ok, first.error) == (False, "RuntimeError: dtypes do not match")
    assert second.ok is True


def test_a_missing_package_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> None:
        import absent_package  # noqa: F401

    (trial,) = tried(broken(monkeypatch, fit))
    assert (trial.ok, trial.needs, trial.error) == (None, "absent_package", "needs absent_package")


def test_torchvision_may_be_missing() -> None:
    code = (
        "import sys\nsys.modules['torchvision'] = None\n"
        "from aqa_bench.core.registry import find_method\n"
        "from aqa_bench.protocol.doctor.trials import run_trials\n"
        "planned = [(find_method('imagenet'), 'paper'), (find_method('pose-tdm'), 'quick')]\n"
        "for trial in run_trials(planned, 'cpu'): print(trial.method, trial.ok, trial.needs)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["imagenet None torchvision", "pose-tdm True None"]


def test_scores_that_break_the_contract_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Two:
        def predict(self, samples: Sequence[object]) -> list[float]:
            return [2.0] * len(samples)

    (trial,) = tried(broken(monkeypatch, lambda *_: Two()))
    assert trial.ok is False
    assert "[0, 1]" in str(trial.error)


def test_a_trial_that_takes_too_long_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> None:
        while True:
            pass

    (trial,) = tried(broken(monkeypatch, fit), limit_s=0.2)
    assert (trial.ok, trial.error) == (False, "Too slow: stopped after 0 s")


def test_what_there_is_no_time_for_is_said() -> None:
    (trial,) = run_trials(pairs("constant"), "cpu", deadline=lambda: 0.0)
    assert (trial.ok, trial.seconds) == (None, 0.0)
    assert "time" in str(trial.error)


def test_caches_of_a_run_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AQA_BENCH_DATA", str(tmp_path / "data"))
    assert all(trial.ok for trial in tried(*pairs("stgcn-ocsvm")[:1], (find_method("md"), "quick")))
    assert list(tmp_path.iterdir()) == []
