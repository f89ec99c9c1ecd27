from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqa_bench.core.errors import RecipeError
from aqa_bench.core.method import FitContext
from aqa_bench.core.sample import Sample
from aqa_bench.core.task import Task, TaskKind, Unit
from aqa_bench.learn.backbones.image_backbone import ImageBackbone
from aqa_bench.learn.backbones.images import build_backbone
from aqa_bench.learn.features.frames import FrameSpec, read_frames
from aqa_bench.learn.features.image_features import FrameFeatureExtractor, Pooling
from aqa_bench.learn.training.device import Precision

from ..conftest import DrawnImage

CPU = torch.device("cpu")
SPEC = FrameSpec(5, 40, 32)


@pytest.fixture(scope="module")
def backbone() -> ImageBackbone:
    torch.manual_seed(0)
    return build_backbone("resnet18", "random")


def _extractor(backbone: ImageBackbone, spec: FrameSpec = SPEC, **options: object) -> FrameFeatureExtractor:
    return FrameFeatureExtractor(backbone, spec, CPU, precision=Precision.FP32, **options)  # type: ignore[arg-type]


def _context(cache: Path) -> FitContext:
    task = Task.model_construct(id="kie", kind=TaskKind.BINARY, unit=Unit.CLIP)
    return FitContext("d", task, "s", 0, "cpu", cache)


def _reads(samples: list[Sample]) -> int:
    return sum(len(sample.media.reads) for sample in samples)  # type: ignore[attr-defined]


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_features_are_those_of_the_backbone(
    backbone: ImageBackbone, clips: list[Sample], batch_size: int
) -> None:
    features = _extractor(backbone, batch_size=batch_size).extract(clips)
    for sample, found in zip(clips, features, strict=True):
        with torch.inference_mode():
            expected = backbone(torch.from_numpy(read_frames(sample, SPEC)))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected.numpy(), atol=2e-4, rtol=1e-3)


def test_no_bit_depends_on_what_else_is_extracted(backbone: ImageBackbone, clips: list[Sample]) -> None:
    pictures = [Sample(f"still{i}", f"group{i}", DrawnImage(i)) for i in range(13)]
    extractor, shapes = _extractor(backbone, batch_size=8), list[int]()
    handle = backbone.register_forward_pre_hook(lambda _, seen: shapes.append(len(seen[0])))
    mixed = [*pictures[:9], clips[0], *pictures[9:], *clips[1:]]
    together = dict(zip([s.id for s in mixed], extractor.extract(mixed), strict=True))
    for some in (pictures[3:4], pictures[10:], clips[:1], clips[2:4]):
        for sample, features in zip(some, extractor.extract(some), strict=True):
            np.testing.assert_array_equal(features, together[sample.id])
    handle.remove()
    # Kernels are chosen by shape: stills come in batches of 8 however many there are, a clip of 5 alone.
    assert shapes == [8, 8, 5, 8, 5, 5, 5, 5, 8, 8, 5, 5, 5]


def test_all_frames_of_clips_of_different_lengths(backbone: ImageBackbone, clips: list[Sample]) -> None:
    features = _extractor(backbone, FrameSpec(None, 32, None), batch_size=20).extract(clips)
    assert [f.shape for f in features] == [(12 + i, 512) for i in range(5)]


def test_maps(backbone: ImageBackbone, clips: list[Sample], stills: list[Sample]) -> None:
    spatial = _extractor(backbone, pooling=Pooling("map", (3,), flatten=False)).extract(clips[:1])[0]
    assert spatial.shape == (5, 256, 2, 2)
    flat = _extractor(backbone, pooling=Pooling("map", (3,))).extract(clips[:1])[0]
    np.testing.assert_array_equal(flat, spatial.reshape(5, -1))
    two = _extractor(backbone, pooling=Pooling("map", (1, 3), grid=2)).extract(clips[:1])[0]
    assert two.shape == (5, (64 + 256) * 4)
    np.testing.assert_allclose(two[:, 256:], flat, atol=1e-6)
    assert _extractor(backbone).extract(stills)[0].shape == (512,)
    with pytest.raises(RecipeError):
        Pooling("map", (1, 3), flatten=False)


def test_second_run_reads_no_frames(backbone: ImageBackbone, clips: list[Sample], tmp_path: Path) -> None:
    extractor, ctx = _extractor(backbone), _context(tmp_path)
    first = extractor.extract_cached(clips[:3], ctx)
    reads = _reads(clips)
    second = extractor.extract_cached([*clips[:3], clips[0]], ctx)
    assert _reads(clips) == reads == 15
    for a, b in zip((*first, first[0]), second, strict=True):
        np.testing.assert_array_equal(a, b)
    extractor.extract_cached(clips, ctx)
    assert _reads(clips) == 25


def test_cache_sees_weights_frames_pooling_and_damage(
    backbone: ImageBackbone, clips: list[Sample], tmp_path: Path
) -> None:
    ctx, one = _context(tmp_path), clips[:1]
    _extractor(backbone).extract_cached(one, ctx)
    torch.manual_seed(1)
    others = [
        _extractor(build_backbone("resnet18", "random")),
        _extractor(backbone, FrameSpec(5, 40, 24)),
        _extractor(backbone, pooling=Pooling("map", (2,))),
    ]
    for extractor in others:
        before = _reads(one)
        extractor.extract_cached(one, ctx)
        assert _reads(one) == before + 5
    files = sorted((tmp_path / "features").rglob("*.safetensors"))
    assert len(files) == 4
    for file in files:
        file.write_bytes(b"gone")
    before = _reads(one)
    again = _extractor(backbone).extract_cached(one, ctx)
    assert _reads(one) == before + 5
    assert again[0].shape == (5, 512)


def test_a_killed_run_keeps_what_it_has(backbone: ImageBackbone, clips: list[Sample], tmp_path: Path) -> None:
    clips[2].media.broken = True  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="damaged"):
        _extractor(backbone, batch_size=5).extract_cached(clips, _context(tmp_path))
    clips[2].media.broken = False  # type: ignore[attr-defined]
    before = _reads(clips)
    _extractor(backbone, batch_size=5).extract_cached(clips, _context(tmp_path))
    assert _reads(clips) < before + 25


def test_every_cpu_computes_features_in_float32(
    backbone: ImageBackbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever instructions it has: two of them agree as far as they can."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True, "amx_bf16": True})
    assert FrameFeatureExtractor(backbone, SPEC, CPU).precision is Precision.FP32
    monkeypatch.setenv("AQA_BENCH_PRECISION", "bfloat16")
    assert FrameFeatureExtractor(backbone, SPEC, CPU).precision is Precision.BF16
