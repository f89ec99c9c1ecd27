"""Own videos, images, keypoints and joints in space: every method that fits them runs, or says what it lacks.

One method of each family is tried; ``AQA_BENCH_EVERY_METHOD=1`` tries all.
"""

from __future__ import annotations

import csv
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.dataset import Adds, Dataset
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.method import FitContext
from aqa_bench.core.own import OWN, OwnTable, own_cards
from aqa_bench.core.progress import NullProgress
from aqa_bench.core.recipe_file import load_recipe
from aqa_bench.core.registry import find_family, find_method, methods, open_dataset
from aqa_bench.media.images import encode_png
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.video import encode
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.doctor.small import cut_down
from aqa_bench.protocol.plan import fits

KINDS = ("videos", "images", "shoulder-press", "joints")
PARTS = ("train",) * 8 + ("val",) * 4 + ("test",) * 4

CHOSEN = {
    "videos": ("duration", "kinetics", "pad", "pose-tdm", "still"),
    "images": ("cvcspc", "imagenet", "prior"),
    "shoulder-press": ("pose-tdm", "pose-trainer-dtw", "pose-trainer-rules", "rocket", "stgcn-ocsvm"),
    "joints": ("pose-tdm", "pose-trainer-rules", "rocket"),
}
# What cards do not say: whose pre-training asks for the bar or for clips, and whose rules for an exercise.
REFUSED = {
    ("videos", "cvcspc"): "without a trajectory",
    ("videos", "half-cycle-difference"): "trajectory",
    ("videos", "pad"): "without a usable trajectory",
    ("videos", "pose-tdm"): "cannot provide poses",
    ("videos", "vanilla-pc"): "without a trajectory",
    ("images", "cvcspc"): "without frames",
    ("images", "pad"): "without frames",
    ("images", "pose-tdm"): "cannot provide poses",
    ("images", "simsiam"): "without frames",
    ("images", "vanilla-pc"): "without frames",
    ("joints", "pose-trainer-dtw"): "This method defines no series for this exercise",
    ("joints", "pose-trainer-rules"): "This method has no rules for this exercise",
}


def _write(kind: str, path: Path, number: int, rng: np.random.Generator) -> str:
    error, at = number % 2, find_layout("coco-17").index
    if kind in ("videos", "images"):
        frames = rng.integers(0, 60, (20, 48, 64, 3), np.uint8)
        frames[..., 2 * error] += 150
        name = f"{number}.{'mp4' if kind == 'videos' else 'png'}"
        if kind == "videos":
            encode(path / name, frames, 25.0)
        else:
            (path / name).write_bytes(encode_png(frames[0]))
        return name
    length, axes = 30 + number, 3 if kind == "joints" else 2
    values = rng.normal(0, 2, (length, 17, axes))
    for side, sign in (("left", 1), ("right", -1)):
        for part, height in (("ankle", 10), ("knee", 50), ("hip", 100), ("shoulder", 150), ("wrist", 120)):
            values[:, at(f"{side}_{part}"), :2] += (sign * (25 - 15 * error * (part == "knee")), 200 - height)
    values[:, at("left_wrist"), 1] += 40 * np.sin(np.arange(length) / 4)
    np.save(path / f"{number}.npy", values.astype(np.float32))
    return f"{number}.npy"


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with sixteen samples of each kind."""
    root = tmp_path_factory.mktemp("own")
    family = find_family(OWN).load()
    assert isinstance(family, Adds)
    for kind in KINDS:
        (root / kind).mkdir()
        rng = np.random.default_rng(3)
        names = [_write(kind, root / kind, number, rng) for number in range(len(PARTS))]
        with (root / f"{kind}.csv").open("w", newline="") as file:
            rows = [(name, number % 2, PARTS[number], f"g{number}") for number, name in enumerate(names)]
            csv.writer(file).writerows([("file", "label", "split", "group"), *rows])
        pose = {"layout": "coco-17", "dimensions": 3 if kind == "joints" else 2}
        options = pose if kind in ("shoulder-press", "joints") else {}
        request = OwnTable(name=kind, table=root / f"{kind}.csv", media=root / kind, **options)
        family.add(request, root / "data" / OWN, NullProgress())
    return root / "data"


@pytest.fixture(autouse=True)
def home(added: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AQA_BENCH_DATA", str(added))


def _cases() -> list[tuple[str, str]]:
    every = os.environ.get("AQA_BENCH_EVERY_METHOD")
    return [(kind, name) for kind in KINDS for name in (methods() if every else CHOSEN[kind])]


def _scored(kind: str, name: str, cache: Path) -> np.ndarray:
    plugin, card = find_method(name), own_cards()[f"local/{kind}"]
    dataset: Dataset = open_dataset(card.id)
    method = plugin.load()
    written = load_recipe(plugin.folder, method.recipe_type(), plugin.default_recipe)
    recipe = cut_down(written, where=name, side=32, own_networks=False)
    task, custodian = card.tasks[0], Custodian(dataset, card.tasks[0].id)
    (split,) = dataset.splits(task.id, "split")
    held = frozenset((*split.val, *split.test))
    ctx = FitContext(card.id, task, split.id, 0, "cpu", cache, method=name)
    pool = custodian.pool(dataset.unlabeled(task.id, held), held, card.id, shares_groups=False)
    train, val = custodian.labeled(split.train), custodian.labeled(split.val)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predictor = method(recipe).fit(train, val, pool if plugin.card.uses_pool else (), ctx)
        raw = predictor.predict(custodian.bare(split.test))
    return checked_scores(raw, len(split.test), task.kind, name, card.id)


@pytest.mark.parametrize(("kind", "name"), _cases())
def test_it_runs_or_says_what_it_lacks(kind: str, name: str, tmp_path: Path) -> None:
    card = find_method(name).card
    if not fits(card, own_cards()[f"local/{kind}"]):
        pytest.skip(f"{name} needs {card.needed() or 'another unit or kind of task'}")
    if (kind, name) in REFUSED:
        with pytest.raises(AqaBenchError) as caught:
            _scored(kind, name, tmp_path)
        assert REFUSED[kind, name] in str(caught.value)
        assert caught.value.remedy
    else:
        assert _scored(kind, name, tmp_path).shape == (4,)
