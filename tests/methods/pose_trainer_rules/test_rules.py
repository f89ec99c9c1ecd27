from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqa_bench.methods.pose_trainer_rules.rules import Comparison, Rule, judge

SWAY = Rule("sway", "sway", Comparison.ABOVE, 0.2, "Keep still.")
HEIGHT = Rule("height", "height", Comparison.BELOW, 90.0, "Lift higher.")
LEAD = Rule("lead", "lead", Comparison.BELOW, -0.12, "Mind the elbow.")
VALUES = st.floats(-1e6, 1e6)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, VALUES)
def test_half_is_the_boundary_of_any_rule(sway: float, height: float, lead: float) -> None:
    verdict = judge((SWAY, HEIGHT, LEAD), {"sway": sway, "height": height, "lead": lead})
    broken = [sway > 0.2, height < 90.0, lead < -0.12]
    assert (verdict.score >= 0.5) == any(broken)
    assert [rule.name for rule in verdict.broken] == [
        rule.name for rule, is_broken in zip((SWAY, HEIGHT, LEAD), broken, strict=True) if is_broken
    ]


@pytest.mark.parametrize("rule", [SWAY, HEIGHT, LEAD])
def test_the_limit_itself_is_allowed_and_the_next_number_is_not(rule: Rule) -> None:
    towards = math.inf if rule.comparison is Comparison.ABOVE else -math.inf
    assert judge([rule], {rule.measurement: rule.threshold}).score < 0.5
    assert judge([rule], {rule.measurement: float(np.nextafter(rule.threshold, towards))}).score >= 0.5


def test_worse_faults_score_higher() -> None:
    scores = [judge([SWAY], {"sway": sway}).score for sway in (0.0, 0.1, 0.2, 0.3, 0.6)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 5
    assert scores[-1] == pytest.approx(1 / (1 + math.exp(-2)))


def test_a_threshold_of_zero_has_a_margin_in_the_features_unit() -> None:
    rule = Rule("any", "x", Comparison.ABOVE, 0.0, "Less.")
    assert rule.margin({"x": 0.25}) == 0.25


def test_feedback_joins_the_sentences_of_the_broken_rules() -> None:
    verdict = judge((SWAY, HEIGHT), {"sway": 1.0, "height": 0.0})
    assert verdict.feedback == "Keep still. Lift higher."
    assert judge((SWAY,), {"sway": 0.0}).feedback == "no fault found"
