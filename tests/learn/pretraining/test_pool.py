from __future__ import annotations

import pytest

from aqa_bench.core.sample import Sample
from aqa_bench.learn.pretraining.pool import divided

from ..conftest import DrawnClip


def clips(count: int) -> list[Sample]:
    return [Sample(str(i), str(i), DrawnClip(i)) for i in range(count)]


def alone(sample: Sample) -> str:
    return sample.media.content_key


def numbers(part: list[Sample]) -> set[int]:
    return {int(sample.id) for sample in part}


def test_a_share_only_watches_whatever_the_order() -> None:
    pool = clips(40)
    learn, watched = divided(pool, 0.25, alone)
    assert len(watched) == 10
    assert numbers(learn) | numbers(watched) == set(range(40))
    assert not numbers(learn) & numbers(watched)
    assert numbers(divided(pool[::-1], 0.25, alone)[1]) == numbers(watched)


@pytest.mark.parametrize(("count", "share"), [(19, 0.1), (40, 0.0), (1, 0.9)])
def test_fewer_than_two_watch_nothing(count: int, share: float) -> None:
    learn, watched = divided(clips(count), share, alone)
    assert numbers(learn) == set(range(count))
    assert watched == []


def test_units_stay_together_and_the_share_is_no_more_than_asked_for() -> None:
    def unit(sample: Sample) -> str:
        return f"kind {int(sample.id) % 9}"

    learn, watched = divided(clips(40), 0.3, unit)
    assert {unit(s) for s in learn}.isdisjoint({unit(s) for s in watched})
    assert 8 <= len(watched) <= 12
    assert divided(clips(40), 0.3, lambda _: "one")[1] == []
