"""A run says what it reads of its tasks' samples, and what of the pool."""

from __future__ import annotations

import pytest

from aqa_bench.core.progress import NullProgress
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.adapter import SyntheticGym
from aqa_bench.protocol.fitting import materialise
from aqa_bench.protocol.plan import Request, resolve

SQUAT, ROW = "synthetic-gym/backsquat@tiny", "synthetic-gym/barbell-row@tiny"
FRAMES, IMAGE = Modality.FRAMES, Modality.IMAGE
_RENDERED = {FRAMES, IMAGE}


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request(SQUAT, "cvcspc", tasks=("ss",)), [("backsquat", {IMAGE}, {FRAMES})]),
        (Request(SQUAT, "cvcspc", tasks=("kie",)), [("backsquat", {FRAMES}, {FRAMES})]),
        (Request(SQUAT, "imagenet", tasks=("ss",)), [("backsquat", {IMAGE}, set())]),
        (Request(SQUAT, "imagenet"), [("backsquat", {FRAMES, IMAGE}, set())]),
        (Request(SQUAT, "constant"), [("backsquat", set(), set())]),
        (
            Request(ROW, "cvcspc", pretrain_on=SQUAT),
            [("barbell-row", {IMAGE}, set()), ("backsquat", set(), {FRAMES})],
        ),
    ],
    ids=["stills-and-pool", "clips-and-pool", "stills", "both", "nothing", "anothers-pool"],
)
def test_what_a_run_asks_to_be_rendered(
    request_: Request,
    told: list[tuple[str, set[Modality], set[Modality]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, set[Modality], set[Modality]]] = []

    def record(
        self: SyntheticGym, needs: frozenset[Modality], _: object, pool: frozenset[Modality] = frozenset()
    ) -> None:
        # A method that can use either names both; of a pool there are only videos.
        asked.append((self.exercise, set(needs & _RENDERED), set(pool & {FRAMES})))

    monkeypatch.setattr(SyntheticGym, "materialise", record)
    materialise(resolve(request_), NullProgress())
    assert asked == told
