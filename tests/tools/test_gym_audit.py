"""The audit of the gym: its probes, its power, and that the card says what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import roc_auc_score

from aqa_bench.datasets.synthetic_gym.diving.plan import plan_dives
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tools() -> SimpleNamespace:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        import detectable
        import gym_audit
        import gym_clips
        import leakage

        return SimpleNamespace(audit=gym_audit, clips=gym_clips, power=detectable, leakage=leakage)


def columns(targets: np.ndarray, count: int) -> np.ndarray:
    many = np.repeat(targets[:, None], 1 + count, 1)
    many[:, 1:] = np.random.default_rng(1).permuted(many[:, 1:], axis=0)
    return many


def test_the_area_is_scikit_learns(tools: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, (50, 3)).astype(float), rng.integers(0, 9, (50, 3)).astype(float)
    expected = [roc_auc_score(labels[:, i], scores[:, i]) for i in range(3)]
    np.testing.assert_allclose(tools.leakage.auroc(labels, scores), expected)


def test_a_probe_is_a_kernel_ridge_that_never_sees_the_fold(tools: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    values, targets = rng.normal(size=(60, 4)), rng.normal(size=60)
    groups = np.array([str(i // 2) for i in range(60)])
    matrix = tools.leakage.smoothers(values, groups)["linear 10"]
    scaled = (values - values.mean(0)) / values.std(0)
    told = matrix @ targets
    seen = 0
    for row in range(60):
        train = np.flatnonzero(matrix[row])
        assert not {groups[row]} & set(groups[train])
        seen += len(train)
        ridge = KernelRidge(alpha=10.0, kernel="linear")
        ridge.fit(scaled[train] / 2, targets[train] - targets[train].mean())
        assert told[row] == pytest.approx(ridge.predict(scaled[[row]] / 2)[0])
    assert seen == pytest.approx(60 * 60 * 0.8, rel=0.05)


def test_a_leak_is_found_straight_or_bent_and_noise_is_none(tools: SimpleNamespace) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300).astype(float)
    noise = rng.normal(size=(300, 3))
    straight = np.hstack([noise, labels[:, None] + rng.normal(size=(300, 1))])
    bent = rng.normal(size=(300, 1)) * np.where(labels, 1.0, 3.0)[:, None]
    groups = np.array([str(i) for i in range(300)])
    sets = {"noise": noise, "straight": straight, "bent": bent}
    ((found, chance),) = tools.leakage.audit(
        sets, groups, {"t": columns(labels, 200)}, tools.leakage.auroc
    ).values()
    assert found["noise"].z < 3
    assert found["straight"].z > 3
    assert found["bent"].z > 3
    assert found["bent"].probe.startswith("rbf")
    assert chance == pytest.approx(1 / 201)
    ((_, chance),) = tools.leakage.audit(
        {"noise": noise}, groups, {"t": columns(labels, 200)}, tools.leakage.auroc
    ).values()
    assert chance > 0.01


def test_power_of_independent_clips_is_hanleys_and_mcneils(tools: SimpleNamespace) -> None:
    """Of two methods that have nothing in common, the variances of the areas add up."""
    power = tools.power
    labels = (np.arange(240) < 96).astype(float)
    alone = np.array([str(i) for i in range(240)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power, "BETWEEN", 0.0)
        patch.setattr(power, "BY_GROUP", 0.0)
        found = power.binary(labels, alone, alone)
    area, positive, negative = 0.75, 96, 144
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (positive - 1) * (q1 - area**2) + (negative - 1) * (q2 - area**2)
    expected = 2.8016 * np.sqrt(2 * variance / (positive * negative))
    assert found.differences["auroc"] == pytest.approx(expected, rel=0.06)
    assert (found.samples, found.positive, found.groups) == (240, 96, 240)


def test_stills_of_a_clip_show_less_than_as_many_clips(tools: SimpleNamespace) -> None:
    labels = np.repeat(np.arange(40) % 3 == 0, 6).astype(float)
    ids, clips = np.array([str(i) for i in range(240)]), np.array([str(i // 6) for i in range(240)])
    alone, crowded = (tools.power.binary(labels, each, each) for each in (ids, clips))
    assert (alone.clips, crowded.clips) == (240, 40)
    assert crowded.differences["auroc"] > 1.3 * alone.differences["auroc"]
    few = tools.power.ranked(np.arange(40.0), ids[:40], ids[:40]).differences["spearman"]
    many = tools.power.ranked(np.arange(160.0), ids[:160], ids[:160]).differences["spearman"]
    assert few / many == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_clip_in_numbers_is_its_simulation(tools: SimpleNamespace, exercise: str) -> None:
    plan = plan_clips("tiny", exercise, "labelled")[0]  # type: ignore[arg-type]
    found = tools.clips.describe(plan)
    assert (found.id, found.group) == (plan.id, str(plan.source))
    curve = found.features["elevation curve"]
    assert (curve.min(), curve.max()) == (0, 1)
    assert found.features["first frame"].shape == (192,)
    assert 0 < found.features["first frame"].std() < 1
    sizes = {name: len(values) for name, values in found.features.items()}
    assert sizes == {name: len(values) for name, values in tools.clips.describe(plan).features.items()}


def test_a_dive_in_numbers(tools: SimpleNamespace) -> None:
    found = [tools.clips.describe_dive(plan) for plan in plan_dives("tiny")[:2]]
    assert found[0].group == found[1].group == "01"
    np.testing.assert_array_equal(found[0].features["distance"][1:], found[1].features["distance"][1:])
    assert not np.array_equal(found[0].features["fault sizes"], found[1].features["fault sizes"])
    assert all(each.features["first frame"].shape == (192,) for each in found)


def test_the_card_says_what_was_measured(tools: SimpleNamespace) -> None:
    document = json.loads(tools.audit.measured_file("study").read_text(encoding="utf-8"))
    text = tools.audit.CARD.read_text(encoding="utf-8")
    assert tools.audit.with_table(text, document) == text, "run python tools/gym_audit.py --table"
    assert len(document["tasks"]) == 8
    for task in document["tasks"].values():
        far = [name for name, found in task["nuisances"].items() if found["z"] > document["limit"]]
        assert sorted(far) == task["leaks"]
        for found in (*task["nuisances"].values(), *task["told by design"].values()):
            assert found["z"] == pytest.approx((found["value"] - found["null"]) / found["sd"], abs=0.1)
