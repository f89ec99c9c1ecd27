"""Two runs of an image method on a CPU predict the same to the last digit."""

from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

SMALL = (
    *("backbone=resnet18", "weights=random", "resize=32", "crop=32", "frames=8", "pool_frames=8"),
    *("steps=3", "batch_size=4", "freeze=0", "length=32", "width=16", "blocks=1", "head_epochs=3"),
    "components=null",
)


def test_two_runs_write_the_same_predictions(
    gym_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_DATA", str(gym_home.parent))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    request = Request(
        "synthetic-gym/backsquat@tiny", "cvcspc", recipe="quick", tasks=("kie",), overrides=SMALL
    )
    written, weights = [], []
    for name in ("one", "two"):
        monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path / name))
        outcome = run(resolve(request), tmp_path / name / "runs", device="cpu")
        assert not outcome.cached
        assert outcome.record.pool_size == {"kie": 24}
        written.append((outcome.path / "predictions.csv").read_bytes())
        weights.append(outcome.record.facts["weights"])
    assert weights[0] == weights[1]
    assert written[0] == written[1]
