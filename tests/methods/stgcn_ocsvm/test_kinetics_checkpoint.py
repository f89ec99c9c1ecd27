from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.methods.stgcn_ocsvm.kinetics_checkpoint import load_kinetics_checkpoint
from aqa_bench.methods.stgcn_ocsvm.stgcn import STGCN

NORM = ("weight", "bias", "running_mean", "running_var")


def _released() -> dict[str, Tensor]:
    """Random weights under the names and shapes of the released Kinetics model, written out on their own."""
    draw = torch.Generator().manual_seed(3)

    def norm(prefix: str, width: int) -> dict[str, Tensor]:
        return {f"{prefix}.{name}": torch.rand(width, generator=draw) + 0.5 for name in NORM}

    def conv(prefix: str, *shape: int) -> dict[str, Tensor]:
        return {
            f"{prefix}.weight": torch.randn(shape, generator=draw) / 30,
            f"{prefix}.bias": torch.randn(shape[0], generator=draw) / 30,
        }

    weights = {"A": torch.rand(3, 18, 18, generator=draw), **norm("data_bn", 54)}
    width = 3
    for i, channels in enumerate([64] * 4 + [128] * 3 + [256] * 3):
        block = f"st_gcn_networks.{i}"
        weights |= conv(f"{block}.gcn.conv", 3 * channels, width, 1, 1)
        weights |= norm(f"{block}.tcn.0", channels)
        weights |= conv(f"{block}.tcn.2", channels, channels, 9, 1)
        weights |= norm(f"{block}.tcn.3", channels)
        if i in (4, 7):
            weights |= conv(f"{block}.residual.0", channels, width, 1, 1) | norm(
                f"{block}.residual.1", channels
            )
        weights[f"edge_importance.{i}"] = torch.rand(3, 18, 18, generator=draw)
        width = channels
    return weights | conv("fcn", 400, 256, 1, 1)


@pytest.fixture(scope="module")
def released() -> dict[str, Tensor]:
    return _released()


def _features_by_formula(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Pooled features as the paper's formulas give them, in double precision, from the released names.

    Every block: for each neighbour subset a 1 x 1 convolution whose output is carried along the weighted
    edges, summed over subsets (equation 10), batch normalisation, ReLU, convolution over nine frames,
    batch normalisation, residual, ReLU. Then the mean over joints, frames and persons.
    """
    w = {name: tensor.double() for name, tensor in weights.items()}

    def norm(x: Tensor, prefix: str) -> Tensor:
        scale, shift, mean, var = (w[f"{prefix}.{name}"][:, None, None] for name in NORM)
        return (x - mean) / (var + 1e-5).sqrt() * scale + shift

    def convolved(x: Tensor, prefix: str, stride: int) -> Tensor:
        kernel = w[f"{prefix}.weight"][..., 0]
        reach = kernel.shape[-1] // 2
        padded = torch.cat([x.new_zeros(len(x), reach, 18), x, x.new_zeros(len(x), reach, 18)], dim=1)
        frames = range(0, x.shape[1], stride)
        windows = torch.stack([padded[:, t : t + kernel.shape[-1]] for t in frames])
        return torch.einsum("oik,tikv->otv", kernel, windows) + w[f"{prefix}.bias"][:, None, None]

    def person(x: Tensor) -> Tensor:
        flat = x.permute(2, 0, 1).reshape(54, -1, 1)  # joint-major, channel-minor
        x = norm(flat, "data_bn").view(18, 3, -1).permute(1, 2, 0)
        for i in range(10):
            block, stride = f"st_gcn_networks.{i}", 2 if i in (4, 7) else 1
            messages = convolved(x, f"{block}.gcn.conv", 1).chunk(3)
            edges = w["A"] * w[f"edge_importance.{i}"]
            y = norm(sum(m @ a for m, a in zip(messages, edges, strict=True)), f"{block}.tcn.0").relu()
            y = norm(convolved(y, f"{block}.tcn.2", stride), f"{block}.tcn.3")
            if i in (4, 7):
                y = y + norm(convolved(x, f"{block}.residual.0", stride), f"{block}.residual.1")
            elif i:
                y = y + x
            x = y.relu()
        return x.mean(dim=(1, 2))

    return (
        torch.stack([person(clip[..., m]) for clip in x.double() for m in range(x.shape[-1])])
        .view(len(x), x.shape[-1], -1)
        .mean(dim=1)
    )


def test_pooled_features_are_those_of_the_formulas(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "kinetics.pt")
    model = STGCN().eval()
    load_kinetics_checkpoint(model, tmp_path / "kinetics.pt")
    x = torch.randn(2, 3, 20, 18, 2, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        features = model(x)
    expected = _features_by_formula(released, x)
    assert expected.std() > 0.01
    torch.testing.assert_close(features.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["pt", "nested", "parallel", "safetensors"])
def test_every_tensor_arrives_in_its_place(form: str, released: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / f"kinetics.{'safetensors' if form == 'safetensors' else 'pt'}"
    if form == "safetensors":
        save_file(released, path)
    elif form == "nested":
        torch.save({"state_dict": released, "epoch": 50}, path)
    elif form == "parallel":
        torch.save({f"module.{name}": tensor for name, tensor in released.items()}, path)
    else:
        torch.save(released, path)
    model = STGCN()
    load_kinetics_checkpoint(model, path, sha256=sha256_file(path).upper())
    state = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert len(state) == len(released) - 2
    for name, tensor in state.items():
        assert torch.equal(tensor, released[name.replace("blocks.", "st_gcn_networks.")]), name
    assert model.eval()(torch.zeros(1, 3, 16, 18, 1)).isfinite().all()


def test_another_architecture_names_the_first_keys(released: dict[str, Tensor], tmp_path: Path) -> None:
    other = {name: tensor for name, tensor in released.items() if name != "st_gcn_networks.9.tcn.2.weight"}
    other["data_bn.weight"] = torch.ones(75)
    other["attention.weight"] = torch.ones(1)
    torch.save(other, tmp_path / "other.pt")
    model = STGCN()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(DataError) as caught:
        load_kinetics_checkpoint(model, tmp_path / "other.pt")
    text = str(caught.value)
    assert "data_bn.weight: shape (75,), not (54,)" in text
    assert "blocks.9.tcn.2.weight: missing" in text
    assert "attention.weight: unknown" in text
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_many_differences_are_counted(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.ones(2)}, tmp_path / "resnet.pt")
    with pytest.raises(DataError, match=r"and \d+ more"):
        load_kinetics_checkpoint(STGCN(), tmp_path / "resnet.pt")


def test_digest_is_checked_before_reading(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "kinetics.pt")
    with pytest.raises(DataError, match="not the expected file"):
        load_kinetics_checkpoint(STGCN(), tmp_path / "kinetics.pt", sha256="0" * 64)


class _Payload:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.marker,))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save({"A": _Payload(marker)}, tmp_path / "evil.pt")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(_Payload(marker), protocol=2))
    for name in ("evil.pt", "evil.pkl"):
        with pytest.raises(DataError, match="cannot be read"):
            load_kinetics_checkpoint(STGCN(), tmp_path / name)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["damaged.pt", "damaged.safetensors"])
def test_damaged_and_missing_files(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        load_kinetics_checkpoint(STGCN(), tmp_path / name)
    (tmp_path / name).write_bytes(b"\x00" * 100)
    with pytest.raises(DataError, match="cannot be read"):
        load_kinetics_checkpoint(STGCN(), tmp_path / name)
    torch.save([torch.ones(1)], tmp_path / "list.pt")
    with pytest.raises(DataError, match="not a table"):
        load_kinetics_checkpoint(STGCN(), tmp_path / "list.pt")
