from __future__ import annotations

import pytest

from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.diving.program import DIVES
from aqa_bench.learn.pretraining.dive_classes import DIVE_CLASSES, dive_class, dive_event, dive_labels
from aqa_bench.media.dives.annotations import POSITIONS, ROTATIONS

from ..conftest import dive

KNOWN = {"position": "tuck", "armstand": 0.0, "rotation": "back", "somersaults": 2.5, "twists": 0.5}


def test_every_dive_of_releases_and_gym_has_a_place() -> None:
    assert set(POSITIONS.values()) <= set(DIVE_CLASSES["position"])
    assert set(ROTATIONS.values()) <= set(DIVE_CLASSES["rotation"])
    for performed in DIVES:
        told = {name: getattr(performed, name) for name in DIVE_CLASSES}
        values = dive_class(dive(0, told | {"armstand": float(performed.armstand)}))
        assert values is not None
        assert values == tuple(told.values())


def test_classes_have_as_many_labels() -> None:
    seen = set()
    for name, values in DIVE_CLASSES.items():
        for value in values:
            told = dive_class(dive(0, KNOWN | {name: value}))
            assert told is not None
            seen.add(tuple(dive_labels(told).tolist()))
            assert DIVE_CLASSES[name][dive_labels(told)[list(DIVE_CLASSES).index(name)]] == value
    # The known dive is met once for each attribute.
    assert len(seen) == sum(map(len, DIVE_CLASSES.values())) - len(DIVE_CLASSES) + 1


@pytest.mark.parametrize("changed", [{"position": "layout"}, {"somersaults": 2.3}, {"twists": -0.5}])
def test_values_that_dives_have_not_are_no_class(changed: dict[str, float | str]) -> None:
    assert dive_class(dive(0, KNOWN)) is not None
    assert dive_class(dive(0, KNOWN | changed)) is None


def test_what_is_not_told_is_not_asked_for() -> None:
    class Mute(Media):
        provides = frozenset({Modality.FRAMES})

    mute = Sample("a", "a", Mute())
    assert dive_class(mute) is None
    assert dive_event(mute) is None
    assert dive_event(dive(0, KNOWN)) is None
    assert dive_event(dive(0, KNOWN | {"event": "07"})) == "07"
    for name in KNOWN:
        assert dive_class(dive(0, {k: v for k, v in KNOWN.items() if k != name})) is None
