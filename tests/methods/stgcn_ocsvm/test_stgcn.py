from __future__ import annotations

import pytest
import torch
from torch import nn

from aqa_bench.core.errors import DataError
from aqa_bench.methods.stgcn_ocsvm.skeleton_graph import skeleton_adjacency
from aqa_bench.methods.stgcn_ocsvm.stgcn import STGCN

N_JOINTS = 18


@pytest.fixture(scope="module")
def model() -> STGCN:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = STGCN()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
    return network.eval()


def test_block_list(model: STGCN) -> None:
    convolutions = [block.get_submodule("tcn.2") for block in model.blocks]
    assert [conv.out_channels for conv in convolutions] == [64] * 4 + [128] * 3 + [256] * 3
    assert [conv.stride[0] for conv in convolutions] == [1, 1, 1, 1, 2, 1, 1, 2, 1, 1]
    assert {conv.kernel_size for conv in convolutions} == {(9, 1)}
    kinds = [type(block.residual).__name__ for block in model.blocks]
    assert kinds == [
        "NoneType",
        *["Identity"] * 3,
        "Sequential",
        *["Identity"] * 2,
        "Sequential",
        *["Identity"] * 2,
    ]
    assert [tuple(mask.shape) for mask in model.edge_importance] == [(3, 18, 18)] * 10
    assert all(bool((mask == 1).all()) for mask in model.edge_importance)


def test_dropout_is_in_all_blocks_but_the_first() -> None:
    rates = [module.p for module in STGCN(dropout=0.5).modules() if isinstance(module, nn.Dropout)]
    assert rates == [0.0] + [0.5] * 9


def test_parameter_count_layer_by_layer(model: STGCN) -> None:
    total = 2 * 3 * 18  # input normalisation
    width = 3
    for index, (channels, stride) in enumerate(
        [(64, 1)] * 4 + [(128, 2)] + [(128, 1)] * 2 + [(256, 2)] + [(256, 1)] * 2
    ):
        total += 3 * 18 * 18  # edge importance
        total += width * 3 * channels + 3 * channels  # graph convolution
        total += 2 * channels + 9 * channels * channels + channels + 2 * channels  # temporal convolution
        if index > 0 and (width != channels or stride != 1):
            total += width * channels + channels + 2 * channels  # projected residual
        width = channels
    assert total == 3_074_340
    assert sum(parameter.numel() for parameter in model.parameters()) == total


@pytest.mark.parametrize("frames", [16, 17, 64, 150, 300])
def test_any_length_gives_256_features(model: STGCN, frames: int) -> None:
    n = 2 if frames < 100 else 1
    x = torch.randn(n, 3, frames, N_JOINTS, 2, generator=torch.Generator().manual_seed(frames))
    with torch.inference_mode():
        features = model(x)
    assert features.shape == (n, STGCN.num_features) == (n, 256)
    assert features.isfinite().all()


def test_persons_may_come_in_any_order(model: STGCN) -> None:
    x = torch.randn(1, 3, 16, N_JOINTS, 3, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        together = model(x)
        torch.testing.assert_close(together, model(x[..., [2, 0, 1]]), rtol=1e-5, atol=1e-6)
        alone = torch.stack([model(x[..., i : i + 1]) for i in range(3)]).mean(dim=0)
        torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_first_block_against_a_loop_over_joints_and_subsets(model: STGCN) -> None:
    x = torch.randn(1, 3, 16, N_JOINTS, generator=torch.Generator().manual_seed(2))
    gcn = model.blocks[0].get_submodule("gcn")
    conv = gcn.get_submodule("conv")
    with torch.inference_mode():
        actual = gcn(x, model.A)
        expected = torch.zeros_like(actual)
        for k in range(3):
            kernel, bias = conv.weight[64 * k : 64 * (k + 1), :, 0, 0], conv.bias[64 * k : 64 * (k + 1)]
            for v, w in model.A[k].nonzero().tolist():
                message = torch.einsum("oc,nct->not", kernel, x[..., v]) + bias[:, None]
                expected[..., w] += model.A[k, v, w] * message
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_input_normalisation_is_per_joint_and_channel() -> None:
    network = STGCN().train()
    x = torch.randn(4, 3, 16, N_JOINTS, 1)
    network(x)
    running = network.data_bn.running_mean
    expected = 0.1 * x.mean(dim=(0, 2, 4)).T.reshape(-1)  # joint-major, channel-minor; momentum 0.1
    torch.testing.assert_close(running, expected, rtol=1e-4, atol=1e-6)


def test_first_block_sees_each_joint_and_channel_in_its_place() -> None:
    network = STGCN().eval()
    scale = torch.arange(1.0, 55.0)
    network.data_bn.load_state_dict({"weight": scale}, strict=False)
    seen: list[torch.Tensor] = []
    network.blocks[0].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    x = torch.randn(2, 3, 16, N_JOINTS, 2, generator=torch.Generator().manual_seed(4))
    network(x)
    by_channel_and_joint = scale.view(N_JOINTS, 3).T[None, :, None, :, None]
    expected = (x * by_channel_and_joint).permute(0, 4, 1, 2, 3).flatten(0, 1)
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-5)


def test_every_parameter_gets_a_gradient() -> None:
    network = STGCN()
    network(torch.randn(2, 3, 16, N_JOINTS, 1)).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []


def test_other_layouts() -> None:
    graph = skeleton_adjacency([(0, 1), (1, 2)], centre=1, n_joints=3)
    assert STGCN(in_channels=2, adjacency=graph).eval()(torch.zeros(1, 2, 16, 3, 1)).shape == (1, 256)


@pytest.mark.parametrize(
    "shape", [(1, 3, 15, 18, 1), (1, 2, 16, 18, 1), (1, 3, 16, 17, 1), (1, 3, 16, 18), (1, 3, 16, 18, 0)]
)
def test_wrong_shapes_are_errors(model: STGCN, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="expected"):
        model(torch.zeros(shape))


@pytest.mark.parametrize("start", [0, 4, 9])
def test_the_two_parts_are_the_whole_network(start: int) -> None:
    network = STGCN().eval()
    x = torch.randn(2, 3, 16, 18, 1)
    with torch.no_grad():
        whole = network(x)
        parts = network.pooled(network.before(x, start), start)
    torch.testing.assert_close(parts, whole)


def test_what_lies_before_a_block_takes_no_gradient_and_leaves_the_mode_alone() -> None:
    network = STGCN().train()
    before = network.data_bn.running_mean.clone()
    out = network.before(torch.randn(2, 3, 16, N_JOINTS, 1), 3)
    assert network.training
    assert not out.requires_grad
    assert torch.equal(network.data_bn.running_mean, before)


def test_parameters_from_a_block_are_those_that_its_output_depends_on() -> None:
    network = STGCN().eval()
    network.pooled(network.before(torch.randn(1, 3, 16, N_JOINTS, 1), 7), 7).sum().backward()
    reached = {name for name, p in network.named_parameters() if p.grad is not None}
    named = {id(p) for p in network.parameters_from(7)}
    assert reached == {name for name, p in network.named_parameters() if id(p) in named}
    assert len(network.parameters_from(0)) == len(list(network.parameters()))
