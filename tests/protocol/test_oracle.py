"""Whoever reads what only the generator knows is called an oracle, by the runner and not by the method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.registry import find_dataset, find_method, open_dataset, oracle_with
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Modality
from aqa_bench.protocol.keypoints import open_keypoints, with_keypoints
from aqa_bench.protocol.partials import Partials, SplitResult
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.run_code import code_of
from aqa_bench.protocol.runner import run
from aqa_bench.protocol.worker.media_desk import MediaDesk

GYM = "synthetic-gym/backsquat@tiny"
EXACT = frozenset({Modality.KEYPOINTS})


def oracle(out: Path, method: str, dataset: str = GYM, task: str = "kie", **request: Any) -> list[str]:
    return run(resolve(Request(dataset, method, tasks=(task,), **request)), out).record.oracle


class _Line:
    """Keeps what a desk answers."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, header: dict[str, Any], body: object = b"", files: object = ()) -> None:
        self.sent.append(header)


def ask(desk: MediaDesk, number: int, what: str, *arguments: object) -> dict[str, Any]:
    line = _Line()
    desk.answer(line, {"id": 1, "ask": what, "media": number, "arguments": list(arguments)})  # type: ignore[arg-type]
    (answer,) = line.sent
    return answer


@pytest.fixture
def clips() -> list[Sample]:
    return list(open_dataset(GYM).samples("kie").values())[:2]


def desk(tmp_path: Path, **words: Any) -> MediaDesk:
    return MediaDesk(b"secret", tmp_path, exact=EXACT, **words)


def test_the_record_names_exact_data_that_were_read_and_nobody_has_to_declare_it(
    plugins: Path, tmp_path: Path
) -> None:
    assert oracle(tmp_path, "noise") == ["keypoints"]
    assert oracle(tmp_path, "constant") == []


def test_released_or_imported_keypoints_make_no_oracle(plugins: Path, tmp_path: Path) -> None:
    figures = "stick-figures/shoulder-press"
    assert oracle(tmp_path, "noise", figures, "form", scheme="one-class") == []
    folder = tmp_path / "estimated"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"version": 1, "kind": "keypoints", "layout": "openpose-18"}')
    for name, sample in open_dataset(GYM).samples("kie").items():
        np.save(folder / f"{name}.npy", sample.media.keypoints("openpose-18"))
    assert oracle(tmp_path, "noise", keypoints=str(folder)) == []
    card = find_dataset(GYM)
    assert card.exact == {Modality.KEYPOINTS, Modality.BAR_BOXES}
    assert with_keypoints(card, open_keypoints(str(folder), None)).exact == {Modality.BAR_BOXES}


def test_what_training_samples_alone_showed_makes_no_oracle(clips: list[Sample], tmp_path: Path) -> None:
    both = desk(tmp_path)
    both.enter(clips[:1])
    both.enter(clips[1:], judged=True)
    assert "error" not in ask(both, 0, "keypoints", "coco-17")
    assert both.exact_read == set()
    assert "error" not in ask(both, 1, "trajectory")
    assert both.exact_read == set()
    assert "error" not in ask(both, 1, "keypoints", "coco-17")
    assert both.exact_read == {Modality.KEYPOINTS}


def test_exact_data_are_shown_only_to_methods_that_say_they_read_them(
    clips: list[Sample], tmp_path: Path
) -> None:
    blind = desk(tmp_path, shown=frozenset({Modality.FRAMES}))
    ((*_, provides),) = blind.enter(clips[:1], judged=True)
    assert "keypoints" not in provides
    assert "bar-boxes" in provides
    assert 'reads = ["keypoints"]' in str(ask(blind, 0, "keypoints", "coco-17")["error"])
    assert blind.exact_read == set()


def test_a_finished_split_of_an_earlier_start_keeps_the_mark(plugins: Path, tmp_path: Path) -> None:
    wanted = resolve(Request(GYM, "noise", tasks=("kie",)))
    partials = Partials(tmp_path, wanted.run_id, code_of(wanted))
    (split,) = wanted.splits["kie"]
    rows = [(part, name, 0.5) for part in ("val", "test") for name in getattr(split, part)]
    partials.keep("kie", split.id, SplitResult(rows, 0.0, 0.0, 0, {}, ("keypoints",)))
    taken = run(wanted, tmp_path)
    assert set(read_predictions(taken.path / "predictions.csv")["score"]) == {0.5}
    assert taken.record.oracle == ["keypoints"]


def test_the_list_says_which_methods_can_be_an_oracle() -> None:
    assert oracle_with(find_method("pose-tdm").card) == ("keypoints",)
    assert oracle_with(find_method("bar-only").card) == ("bar-boxes",)
    assert oracle_with(find_method("imagenet").card) == ()
