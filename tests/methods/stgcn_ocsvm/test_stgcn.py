from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.methods.stgcn_ocsvm.stgcn import (
    OPENPOSE_CENTRE,
    OPENPOSE_EDGES,
    OPENPOSE_JOINTS,
    STGCN,
    skeleton_adjacency,
)

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


def _edge_set() -> set[frozenset[int]]:
    return {frozenset(edge) for edge in OPENPOSE_EDGES}


def test_chain_of_three_joints_by_hand() -> None:
    # 0 - 1 - 2 around joint 0: degrees with self-loops are 2, 3, 2.
    itself, farther, nearer = skeleton_adjacency([(0, 1), (1, 2)], centre=0, n_joints=3)
    np.testing.assert_allclose(itself, np.diag([1 / 2, 1 / 3, 1 / 2]))
    np.testing.assert_allclose(farther, [[0, 0, 0], [1 / 2, 0, 0], [0, 1 / 3, 0]])
    np.testing.assert_allclose(nearer, [[0, 1 / 3, 0], [0, 0, 1 / 2], [0, 0, 0]])


def test_chain_of_four_joints_with_the_released_horizon() -> None:
    # Joints 2 and 3 are both beyond one bone from joint 0, so that neither counts as nearer.
    _, farther, nearer = skeleton_adjacency([(0, 1), (1, 2), (2, 3)], 0, 4, horizon=1)
    assert np.argwhere(nearer).tolist() == [[0, 1], [1, 2]]
    assert np.argwhere(farther).tolist() == [[1, 0], [2, 1], [2, 3], [3, 2]]


@pytest.mark.parametrize("horizon", [None, 1])
def test_openpose_partitions_are_a_split_of_the_column_normalised_graph(horizon: int | None) -> None:
    parts = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS, horizon=horizon)
    assert parts.shape == (3, N_JOINTS, N_JOINTS)
    assert parts.dtype == np.float32
    assert ((parts > 0).sum(axis=0) <= 1).all()
    total = parts.sum(axis=0)
    np.testing.assert_allclose(total.sum(axis=0), 1.0, rtol=1e-6)
    linked = {frozenset((int(v), int(w))) for v, w in np.argwhere(total) if v != w}
    assert linked == _edge_set()
    np.testing.assert_array_equal(total > 0, total.T > 0)
    degree = (total > 0).sum(axis=0)
    np.testing.assert_allclose(np.diag(parts[0]), 1 / degree, rtol=1e-6)
    assert np.count_nonzero(parts[0]) == N_JOINTS


def test_openpose_bones_each_lead_once_inwards_and_once_outwards() -> None:
    _, farther, nearer = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS)
    np.testing.assert_array_equal(farther > 0, nearer.T > 0)
    assert np.count_nonzero(nearer) == 17
    # A tree around the neck: every other joint has one nearer neighbour.
    inward = (nearer > 0).sum(axis=0)
    assert inward[OPENPOSE_CENTRE] == 0
    assert (np.delete(inward, OPENPOSE_CENTRE) == 1).all()


def test_released_graph_has_nearer_neighbours_only_around_the_neck() -> None:
    # The graph printed in the discussion of the released code: rows 0, 1, 2 and 5 only.
    nearer = skeleton_adjacency(OPENPOSE_EDGES, OPENPOSE_CENTRE, N_JOINTS, horizon=1)[2]
    sources = {row: np.flatnonzero(nearer[row]).tolist() for row in range(N_JOINTS) if nearer[row].any()}
    assert sources == {0: [14, 15], 1: [0, 2, 5], 2: [3, 8], 5: [6, 11]}


def test_a_joint_without_bones_keeps_to_itself() -> None:
    parts = skeleton_adjacency([(0, 1)], centre=0, n_joints=3)
    assert parts[:, 2, 2].tolist() == [1.0, 0.0, 0.0]


def test_joint_outside_the_layout_is_an_error() -> None:
    with pytest.raises(MethodError, match=r"\[18\]"):
        skeleton_adjacency([(0, 18)], centre=1, n_joints=N_JOINTS)


def test_joint_order_is_coco_18() -> None:
    assert len(OPENPOSE_JOINTS) == N_JOINTS
    for left, right in ((2, 5), (3, 6), (4, 7), (8, 11), (9, 12), (10, 13), (14, 15), (16, 17)):
        assert OPENPOSE_JOINTS[left].split("_")[1] == OPENPOSE_JOINTS[right].split("_")[1]
        assert OPENPOSE_JOINTS[left].startswith("right")
        assert OPENPOSE_JOINTS[right].startswith("left")


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
