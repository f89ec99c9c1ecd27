"""Every method in every recipe under bfloat16 autocast, on the CPU, and on a GPU where there is one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aqa_bench.core.method import FitContext
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import methods
from aqa_bench.core.sample import LabeledSet, Media, Sample
from aqa_bench.core.task import Modality, Task, TaskKind, Unit
from aqa_bench.learn.backbones import videos
from aqa_bench.learn.backbones.backbone import Backbone
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.training import loop
from aqa_bench.media.layouts import find_layout

FRAMES = 24
SETTINGS = (
    # Networks and pictures.
    *("resize=32", "crop=32", "frames=8", "length=16", "width=8", "blocks=1"),
    *("pose=8", "appearance=8", "picture=16", "decoder_blocks=2", "decoder_width=16", "perceptual_stage=0"),
    *("projection=16", "bottleneck=8", "hidden=[8]", "embedding=8", "components=null"),
    # Pre-training: one step, on clips that 24 frames are enough for.
    *("steps=1", "batch_size=4", "accumulate=1", "elevations=4", "freeze=0", "held_out=0.3"),
    *("clip_frames=6", "stride=1", "near=1", "pretrain_epochs=1", "trainable_blocks=1"),
    # Labels: one epoch.
    *("epochs=1", "finetune_epochs=1", "finetune_batch_size=4", "head_epochs=1", "patience=1"),
)
"""What makes any recipe a matter of a second, as far as the method has such hyper-parameters."""
OF_IMAGES = ("backbone=tiny", "weights=random", "pool_frames=8", "stages=[2]")
OF_VIDEOS = ("backbone=tiny", "weights=random")
OF_METHODS = {"stgcn-ocsvm": ("frames=16",)}
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CASES = [(name, recipe) for name in sorted(methods()) for recipe in recipe_names(methods()[name].folder)]
STILLS = [name for name in sorted(methods()) if Modality.IMAGE in methods()[name].card.one_of]


def _drawn() -> ModuleType:
    """The drawn clips of the tests of methods."""
    name = "drawn_clips_of_methods"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "methods" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawn = _drawn()
tiny = drawn.tiny


class TinyVideoBackbone(VideoBackbone):
    """A convolution in space and one in time with random weights."""

    def __init__(self) -> None:
        trunk = nn.Sequential(
            nn.Conv3d(3, 8, (1, 3, 3), stride=(1, 4, 4), bias=False), nn.BatchNorm3d(8), nn.ReLU(),
            nn.Conv3d(8, 16, (3, 1, 1), padding=(1, 0, 0)), nn.ReLU(),
            nn.AdaptiveAvgPool3d(1), nn.Flatten(),
        )  # fmt: skip
        half = (0.5, 0.5, 0.5)
        super().__init__(trunk, name="tiny", weights_name="random", num_features=16, mean=half, std=half)


class WholeClip(drawn.DrawnDive):
    """A drawn dive that has everything that any method asks for; in an error the right wrist rises less."""

    provides = frozenset(Modality) - {Modality.IMAGE}

    def __init__(self, seed: int, error: bool) -> None:
        super().__init__(seed, error, count=FRAMES)

    @property
    def attributes(self) -> Mapping[str, float | str]:
        exercise = ("curl", "raise", "press")[self.seed % 3]
        numbers = {"difficulty": 2.0 + self.seed % 5, "duration": 3.0 + self.seed % 7}
        return {**super().attributes, **numbers, "exercise": exercise}

    def keypoints(self, layout: str) -> np.ndarray:
        joints = find_layout(layout).joints
        rng = np.random.default_rng(self.seed)
        still = np.random.default_rng(0).normal(size=(1, len(joints), 2)) * 8 + 20
        points = np.repeat(still, FRAMES, axis=0) + rng.normal(size=(FRAMES, len(joints), 2))
        rise = np.sin(np.linspace(0, np.pi, FRAMES)) * (2 if self.error else 10)
        points[:, len(joints) // 2, 1] -= rise
        return np.concatenate([points, np.ones((FRAMES, len(joints), 1))], axis=2).astype(np.float32)

    def bar_boxes(self) -> np.ndarray:
        top = (1 - self.trajectory().elevation) * 30
        left = np.full(FRAMES, 5.0)
        return np.stack([left, top, left + 20, top + 5], axis=1).astype(np.float32)

    def joints_3d(self, layout: str) -> np.ndarray:
        return self.keypoints(layout)

    def distances(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        return rng.random((FRAMES, 171), dtype=np.float32) + self.error

    def features(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        return rng.normal(size=(FRAMES, 6)).astype(np.float32) + self.error


def samples(kind: type[Media], count: int, first: int) -> LabeledSet:
    numbers = range(first, first + count)
    found = tuple(Sample(f"s{i}", f"g{i}", kind(i, i % 2 == 1)) for i in numbers)
    return LabeledSet(found, np.array([float(i % 2) for i in numbers]))


def fit_and_predict(plugin: MethodPlugin, recipe: str, kind: type[Media], cache: Path, device: str) -> None:
    """Scores of other clips are finite, and the record says what networks computed in."""
    method = plugin.load()
    read = load_recipe(plugin.folder, method.recipe_type(), recipe)
    known = type(read).model_fields
    network = () if "backbone" not in known else OF_VIDEOS if "clips" in known else OF_IMAGES
    settings = (*SETTINGS, *network, *OF_METHODS.get(plugin.card.id, ()))
    # A checkpoint that only its user has.
    start = ("pretrain=exercise",) if getattr(read, "pretrain", None) == "kinetics" else ()
    # Estimators are extras and compute before anything is learnt: the network sees the clips' own joints.
    source = ("source=dataset",) if getattr(read, "source", None) == "mediapipe" else ()
    wanted = [text for text in (*settings, *start, *source) if text.partition("=")[0] in known]
    train, val = samples(kind, 8, 0), samples(kind, 4, 50)
    is_score = "binary" not in plugin.card.tasks
    task = TaskKind.SCORE if is_score else TaskKind.BINARY
    ctx = FitContext(
        dataset="drawn/shoulder-press",
        task=Task(id="t", name="t", kind=task, unit=Unit.CLIP, primary="f1"),
        split="test",
        seed=1,
        device=device,
        cache=cache,
        method=plugin.card.id,
        leaked=train,
    )
    pool = samples(drawn.DrawnRepetition if kind is drawn.DrawnImage else kind, 7, 500).samples
    fitted = method(read.with_overrides(wanted, recipe)).fit(
        train, val, pool if plugin.card.uses_pool else (), ctx
    )
    scores = fitted.predict(samples(kind, 5, 100).samples)
    assert scores.shape == (5,)
    assert np.isfinite(scores).all()
    facts = ctx.report.document()
    assert "backbone" not in known or facts["dtype"] == "bfloat16"


@pytest.fixture
def bfloat16(monkeypatch: pytest.MonkeyPatch, tiny: object) -> None:
    """Networks compute in bfloat16; augmentation and losses in float32."""
    monkeypatch.setenv("AQA_BENCH_PRECISION", "bfloat16")
    monkeypatch.setattr(videos, "build_video_backbone", lambda *_, **__: TinyVideoBackbone().eval())
    # oneDNN's bfloat16 3-D convolutions are wrong on some CPUs, their gradients even infinite (with
    # torch 2.15 on avx512_bf16; pytorch issue 169688 has another case). The kernels without it are right.
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", value=False)
    for kind in (ImageBackbone, VideoBackbone):

        def checked(self: Backbone, pictures: Tensor, normalise: Any = kind.normalise) -> Tensor:
            assert pictures.dtype in (torch.uint8, torch.float32)
            result: Tensor = normalise(self, pictures)
            return result

        monkeypatch.setattr(kind, "normalise", checked)

    def finite(losses: list[Tensor], *place: int, read: Any = loop._finite) -> list[float]:
        assert all(loss.dtype == torch.float32 for loss in losses)
        values: list[float] = read(losses, *place)
        return values

    monkeypatch.setattr(loop, "_finite", finite)


@pytest.mark.usefixtures("bfloat16")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "recipe"), CASES)
def test_every_recipe_fits_and_predicts_clips_in_bfloat16(
    name: str, recipe: str, device: str, tmp_path: Path
) -> None:
    fit_and_predict(methods()[name], recipe, WholeClip, tmp_path, device)


@pytest.mark.usefixtures("bfloat16")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", STILLS)
def test_methods_of_stills_fit_and_predict_them_in_bfloat16(name: str, device: str, tmp_path: Path) -> None:
    fit_and_predict(methods()[name], methods()[name].default_recipe, drawn.DrawnImage, tmp_path, device)
