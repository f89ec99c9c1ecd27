from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.video import R2Plus1D_18_Weights, mc3_18

from aqa_bench.core.errors import DataError, RecipeError, UsageError
from aqa_bench.learn.backbones.video_backbone import VideoBackbone
from aqa_bench.learn.backbones.videos import KINETICS_MEAN, KINETICS_STD, build_video_backbone

TORCHVISION = ("r2plus1d_18", "r3d_18", "mc3_18")


class Seen(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        return x.mean(dim=(2, 3, 4))


@pytest.fixture
def bare() -> VideoBackbone:
    return VideoBackbone(
        Seen(), name="seen", weights_name="random", num_features=3, mean=(0, 0, 0), std=(1, 1, 1)
    )


def test_every_number_arrives_where_it_belongs(bare: VideoBackbone) -> None:
    # Every element says where it was: a reshape in place of a permutation would move it.
    n, t, h, w = 2, 3, 4, 5
    clips = torch.arange(n * t * h * w * 3, dtype=torch.int64).remainder(251).to(torch.uint8)
    clips = clips.view(n, t, h, w, 3)
    bare(clips)
    seen = bare.trunk.x
    assert seen.shape == (n, 3, t, h, w)
    for index in [(0, 0, 0, 0, 0), (1, 2, 1, 3, 4), (1, 0, 2, 1, 0), (0, 1, 2, 2, 3)]:
        batch, channel, time, row, column = index
        assert float(seen[index]) == pytest.approx(float(clips[batch, time, row, column, channel]) / 255)
    bare(clips.permute(0, 1, 4, 2, 3).float() / 255)
    torch.testing.assert_close(bare.trunk.x, seen)


def test_clips_are_normalised_as_the_weights_expect() -> None:
    backbone = build_video_backbone("r2plus1d-small", "random")
    transform = R2Plus1D_18_Weights.KINETICS400_V1.transforms()
    assert (tuple(transform.mean), tuple(transform.std)) == (KINETICS_MEAN, KINETICS_STD)
    clips = torch.randint(0, 256, (1, 4, 8, 8, 3), dtype=torch.uint8)
    mean, std = torch.tensor(KINETICS_MEAN), torch.tensor(KINETICS_STD)
    expected = ((clips / 255 - mean) / std).permute(0, 4, 1, 2, 3)
    torch.testing.assert_close(backbone.normalise(clips), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("clips", [torch.zeros(1, 4, 8, 8, 3), torch.zeros(4, 8, 8, 3, dtype=torch.uint8)])
def test_what_is_no_clip_is_refused(bare: VideoBackbone, clips: Tensor) -> None:
    with pytest.raises(DataError, match="cannot read these clips"):
        bare(clips)


@pytest.mark.parametrize("name", ["r2plus1d_18", "mc3_18", "r2plus1d-small"])
def test_a_backbone_gives_the_features_it_promises(name: str) -> None:
    torch.manual_seed(0)
    backbone = build_video_backbone(name, "random")
    assert not backbone.training
    assert backbone.weights_name == "random"
    with torch.inference_mode():
        assert backbone(torch.zeros(2, 8, 32, 32, 3, dtype=torch.uint8)).shape == (2, backbone.num_features)


def test_the_small_backbone_is_small() -> None:
    small = build_video_backbone("r2plus1d-small", "random")
    assert small.num_parameters < 500_000
    assert small.gflops(16, 64) < 0.1


def test_weights_come_from_a_file_that_is_checked(tmp_path: Path) -> None:
    torch.manual_seed(1)
    source = mc3_18(weights=None)
    file = tmp_path / "weights.pth"
    torch.save({"model_state": source.state_dict()}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    backbone = build_video_backbone("mc3_18", file, sha256=digest)
    assert backbone.weights_name == f"file weights.pth (sha256 {digest[:12]})"
    torch.testing.assert_close(backbone.trunk.stem[0].weight, source.stem[0].weight)
    with pytest.raises(DataError, match="not the expected file"):
        build_video_backbone("mc3_18", file, sha256="0" * 64)
    with pytest.raises(DataError, match="does not match this architecture"):
        build_video_backbone("r2plus1d-small", file)


@pytest.mark.parametrize("name", TORCHVISION)
def test_offline_kinetics_is_one_error_with_a_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    with pytest.raises(DataError, match="downloading is switched off") as caught:
        build_video_backbone(name)
    assert "r2plus1d-small" in str(caught.value.remedy)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / Path(str(caught.value.where)).name).write_bytes(b"not the weights")
    with pytest.raises(DataError, match="not the expected file"):
        build_video_backbone(name)


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError, match="unknown"):
        build_video_backbone("c3d", "random")
    with pytest.raises(RecipeError, match="no Kinetics weights"):
        build_video_backbone("r2plus1d-small", "kinetics")


def test_without_pytorchvideo_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorchvideo", None)
    monkeypatch.setitem(sys.modules, "pytorchvideo.models", None)
    with pytest.raises(UsageError, match=r"zoo"):
        build_video_backbone("pytorchvideo:x3d_s", "random")


class TestHub:
    """A stand-in for the hub, with heads made for one size as the real ones are."""

    @pytest.fixture(autouse=True)
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Head(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.pool = nn.AvgPool3d((8, 7, 7))
                self.proj = nn.Linear(3, 400)
                self.activation = nn.Softmax(dim=1)

            def forward(self, x: Tensor) -> Tensor:
                x = self.proj(self.pool(x).flatten(1))
                return x if self.activation is None else self.activation(x)

        class Net(nn.Module):
            def __init__(self, two: bool) -> None:
                super().__init__()
                self.two, self.blocks = two, nn.ModuleList([Head()])

            def forward(self, x: Tensor | list[Tensor]) -> Tensor:
                self.lengths = [part.shape[2] for part in x] if self.two else [x.shape[2]]
                return self.blocks[0](x[1] if self.two else x)

        hub = ModuleType("pytorchvideo.models.hub")
        hub.x3d_s = lambda pretrained: Net(two=False)
        hub.slowfast_r50 = lambda pretrained: Net(two=True)
        hub.slowfast_r50_detection = None
        models = ModuleType("pytorchvideo.models")
        models.hub = hub
        for module in (ModuleType("pytorchvideo"), models, hub):
            monkeypatch.setitem(sys.modules, module.__name__, module)

    def test_features_are_those_before_the_classifier_at_any_size(self) -> None:
        backbone = build_video_backbone("pytorchvideo:x3d_s", "random")
        clips = torch.rand(2, 5, 3, 16, 16)
        expected = ((clips - 0.45) / 0.225).mean(dim=(1, 3, 4))
        torch.testing.assert_close(backbone(clips), expected, atol=1e-5, rtol=1e-5)

    def test_slowfast_sees_two_speeds(self) -> None:
        backbone = build_video_backbone("pytorchvideo:slowfast_r50", "random")
        assert backbone(torch.rand(1, 16, 3, 8, 8)).shape == (1, 3)
        assert backbone.trunk.lengths == [4, 16]

    def test_other_names_are_listed(self) -> None:
        with pytest.raises(RecipeError, match="pytorchvideo:x3d_s"):
            build_video_backbone("pytorchvideo:slowfast_r50_detection", "random")
