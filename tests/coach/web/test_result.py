"""What a verdict's page shows: places of the plot, sentences of the evidence, headlines."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqa_bench.coach.assessment import Answer, Assessment, Clip, Evidence, Repetition, Series, Verdict
from aqa_bench.coach.web.evidence import sentences, slider
from aqa_bench.coach.web.plot import HEIGHT, WIDTH, bands_of, plots_of, ticks
from aqa_bench.coach.web.result import Result
from aqa_bench.coach.web.summary import answer_of, summary_of

GOOD, ERROR, NONE = (Verdict(task="t", name="T", answer=answer) for answer in Answer)


def repetition(number: int, *verdicts: Verdict, complete: bool = True) -> Repetition:
    start = 10 * (number - 1)
    return Repetition(
        index=number, start=start, turn=start + 4, end=start + 9, verdicts=list(verdicts), complete=complete
    )


def assessment(*repetitions: Repetition, **values: Any) -> Assessment:
    clip = Clip(name="c", sha256="", width=100, height=50, fps=10, frames=100, seconds=10.0)
    known: dict[str, Any] = {"people": [], "lifter": None, "evidence": [], "series": []} | values
    return Assessment(
        version="0", exercise="squat", clip=clip, poses="", repetitions=list(repetitions), **known
    )


def evidence(**values: Any) -> Evidence:
    known: dict[str, Any] = {
        "task": "t",
        "name": "T",
        "judge": "j",
        "tested_on": "d",
        "samples": 20,
        "metric": "f1@0.5",
        "value": 0.8,
        "low": 0.6,
        "high": 0.9,
        "floor": 0.5,
    }
    return Evidence(**known | values)


@pytest.mark.parametrize(
    ("verdicts", "complete", "answer"),
    [
        ([GOOD, GOOD], True, "good"),
        ([GOOD, ERROR, NONE], True, "error"),
        ([GOOD, NONE], True, "good"),
        ([NONE], True, "cannot judge"),
        ([], True, "cannot judge"),
        ([ERROR], False, "partial"),
    ],
)
def test_the_answer_of_a_repetition(verdicts: list[Verdict], complete: bool, answer: str) -> None:
    assert answer_of(repetition(1, *verdicts, complete=complete)) == answer


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([GOOD], "A good repetition"),
        ([ERROR], "An error in the repetition"),
        ([GOOD, GOOD], "All 2 repetitions are good"),
        ([GOOD, ERROR, ERROR], "2 of 3 repetitions with an error"),
        ([GOOD, NONE], "1 of 2 repetitions are good"),
        ([], "Nobody was found in this clip"),
    ],
)
def test_headlines(verdicts: list[Verdict], headline: str) -> None:
    found = assessment(*(repetition(i, v) for i, v in enumerate(verdicts, 1)))
    shown = Result(job=None, assessment=found)  # type: ignore[arg-type]
    assert shown.headline == headline
    assert sum(summary_of(found).values()) == len(verdicts)


def test_bands_lie_where_the_repetitions_are() -> None:
    (band,) = bands_of(assessment(repetition(3, GOOD)))
    assert (band.left, band.turn, band.right) == (0.2, 0.24, 0.29)
    assert (band.start_s, band.end_s) == (2.0, pytest.approx(2.9))


def test_a_trace_goes_through_its_values_and_leaves_gaps() -> None:
    values = [0.0, 100.0, None, 50.0]
    (plot,) = plots_of(assessment(series=[Series(name="a", unit="degrees", values=values)]))
    first, second = plot.traces[0].path.split(" M")
    points = [tuple(map(float, point.strip("M L").split(","))) for point in f"{first} L{second}".split(" L")]
    scale = (plot.high - plot.low) / HEIGHT
    heights = [plot.high - y * scale for _, y in points]
    assert heights == pytest.approx([0, 100, 50], abs=0.3)
    assert [x / WIDTH for x, _ in points] == pytest.approx([0.125, 0.375, 0.875])


def test_series_of_one_unit_share_a_plot_and_empty_ones_have_none() -> None:
    series = [
        Series(name=n, unit=u, values=[1.0, 2.0])
        for n, u in (("a", "degrees"), ("b", "pixels"), ("c", "degrees"))
    ]
    series.append(Series(name="d", unit="s", values=[None, None]))
    plots = plots_of(assessment(series=series))
    assert [[trace.name for trace in plot.traces] for plot in plots] == [["a", "c"], ["b"]]


def test_long_clips_are_drawn_with_fewer_points() -> None:
    series = [Series(name="a", unit="u", values=np.sin(np.arange(20_000) / 50).tolist())]
    (plot,) = plots_of(assessment(series=series))
    assert plot.traces[0].path.count("L") < 1300


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4), st.integers(2, 8))
def test_ticks_are_round_few_and_inside(low: float, width: float, most: int) -> None:
    found = ticks(low, low + width, most)
    assert len(found) <= most + 1
    slack = 1e-6 * (abs(low) + width)
    assert all(low - slack <= tick <= low + width + slack for tick in found)
    if len(found) > 2:
        steps = np.diff(found)
        assert steps == pytest.approx(np.full(len(steps), steps[0]))
        mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
        assert min(abs(mantissa - m) for m in (1, 2, 2.5, 5, 10)) < 1e-6


def test_evidence_says_whether_it_shows_anything() -> None:
    clear = " ".join(sentences(evidence()))
    assert "reaches F1 0.80 (95% interval 0.60 to 0.90)." in clear
    assert "Blind guessing reaches 0.50." in clear
    assert "The whole interval is above that" in clear
    assert "is not shown" in sentences(evidence(low=0.45))[-1]
    assert sentences(evidence(low=None, high=None, floor=None)) == [
        "On 20 test clips of d, j reaches F1 0.80."
    ]


def test_the_slider_begins_at_the_threshold_that_was_used() -> None:
    e = evidence(thresholds=[0.1, 0.4, 0.9], precision=[0.5, 0.6, None], recall=[1.0, 0.7, 0.0])
    judged = GOOD.model_copy(update={"score": 0.3, "threshold": 0.45})
    found = slider(e, [repetition(1, judged), repetition(2, NONE)])
    assert (found["start"], found["used"], found["scores"]) == (1, 0.45, [[1, 0.3]])
    assert slider(evidence(), []) is None
    assert slider(e.model_copy(update={"recall": [1.0]}), []) is None


def test_boxes_stay_inside_the_picture(fake: ModuleType) -> None:
    people = fake._people(100, 100, 50)
    wide = people[1].model_copy(update={"box_in_frame": (-20.0, 10.0, 150.0, 60.0)})
    rules = Result(job=None, assessment=assessment(people=[people[0], wide], video="v")).rules  # type: ignore[arg-type]
    assert ".person-1{left:0.00%;top:20.00%;width:100.00%;height:80.00%}" in rules
