from __future__ import annotations

from pathlib import Path

from aqa_bench.datasets.stick_figures.adapter import FAMILY


def test_pool_has_no_source_of_a_held_out_clip() -> None:
    data = FAMILY.open("stick-figures/shoulder-press", Path("unused"))
    samples = data.samples("form")
    held_out = frozenset(list(samples)[:7])
    pool = data.unlabeled("form", held_out)
    groups = {samples[i].group for i in held_out}
    assert {s.id for s in pool} == {i for i, s in samples.items() if s.group not in groups}
    assert {s.media.attributes["exercise"] for s in pool} == {"shoulder-press"}
    assert [s.media.content_key for s in pool] == sorted(s.media.content_key for s in pool)
