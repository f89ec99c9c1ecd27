from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Task, TaskKind, Unit
from aqa_bench.learn.backbones.videos import build_video_backbone
from aqa_bench.learn.features.video_features import ClipFeatureExtractor, ClipSpec, read_clip
from aqa_bench.learn.training.device import Precision

SPEC = ClipSpec(frames=4, clips=2, resize=32, crop=None)


@pytest.fixture(scope="module")
def extractor() -> ClipFeatureExtractor:
    torch.manual_seed(0)
    backbone = build_video_backbone("r2plus1d-small", "random")
    return ClipFeatureExtractor(backbone, SPEC, torch.device("cpu"), precision=Precision.FP32, batch_size=3)


def test_features_are_those_of_the_backbone(extractor: ClipFeatureExtractor, clips: list[Sample]) -> None:
    found = extractor.extract(clips)
    for sample, features in zip(clips, found, strict=True):
        frames = torch.from_numpy(read_clip(sample, SPEC))
        with torch.inference_mode():
            expected = extractor.backbone(frames.view(2, 4, *frames.shape[1:]))
        assert features.dtype == np.float32
        np.testing.assert_allclose(features, expected.numpy(), atol=1e-5, rtol=1e-4)


def test_no_bit_depends_on_what_else_is_extracted(
    extractor: ClipFeatureExtractor, clips: list[Sample], tmp_path: Path
) -> None:
    shapes = list[int]()
    handle = extractor.backbone.register_forward_pre_hook(lambda _, seen: shapes.append(len(seen[0])))
    together = extractor.extract(clips)
    task = Task.model_construct(id="kie", kind=TaskKind.BINARY, unit=Unit.CLIP)
    ctx = FitContext("d", task, "s", 0, "cpu", tmp_path)
    extractor.extract_cached(clips[1:2], ctx)
    for alone, features in zip(extractor.extract_cached(clips, ctx), together, strict=True):
        np.testing.assert_array_equal(alone, features)
    handle.remove()
    assert set(shapes) == {3 * SPEC.clips}
