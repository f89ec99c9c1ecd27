from __future__ import annotations

import math

import pytest
import torch

from aqa_bench.datasets.synthetic_gym.raycast import (
    FAR,
    box_hits,
    cone_hits,
    cylinder_hits,
    empty_buffer,
    splat,
)

SIZE, FOCAL = 64, 64.0


def _depth(shape: object, start: list[float], end: list[float], radii: tuple[float, float]) -> torch.Tensor:
    buffer = empty_buffer(1, SIZE, torch.device("cpu"))
    ends = torch.tensor([[start]]), torch.tensor([[end]])
    splat(buffer, FOCAL, *ends, torch.tensor([radii]), shape, 0)  # type: ignore[arg-type]
    return buffer.depth.reshape(SIZE, SIZE)


def test_a_round_cone_of_one_radius_has_the_outline_and_depth_of_a_sphere() -> None:
    depth = _depth(cone_hits, [0.0, 0.0, 4.0], [0.0, 0.001, 4.0], (0.5, 0.5))
    assert float(depth[32, 32]) == pytest.approx(3.5, abs=0.01)
    radius = FOCAL * math.tan(math.asin(0.5 / 4))
    assert (depth < FAR).sum() == pytest.approx(math.pi * radius**2, rel=0.03)


def test_splatting_finds_what_testing_every_pixel_finds() -> None:
    whole = _depth(cone_hits, [-0.6, -0.5, 3.0], [0.7, 0.4, 2.2], (0.3, 0.1)) < FAR
    rows, columns = torch.nonzero(whole, as_tuple=True)
    assert rows.min() > 5
    assert columns.max() < 60
    # The outline lies in the union of discs swept along the axis and holds the axis itself.
    for share in torch.linspace(0, 1, 20):
        x, y, z = -0.6 + 1.3 * share, -0.5 + 0.9 * share, 3.0 - 0.8 * share
        assert whole[int(32 - FOCAL * y / z), int(32 + FOCAL * x / z)]


def test_a_cylinder_seen_end_on_is_a_disc_at_the_depth_of_its_cap() -> None:
    depth = _depth(cylinder_hits, [0.0, 0.0, 3.0], [0.0, 0.0, 3.5], (0.4, 0.4))
    assert float(depth[32, 32]) == pytest.approx(3.0, abs=1e-3)
    assert (depth < FAR).sum() == pytest.approx(math.pi * (FOCAL * 0.4 / 3) ** 2, rel=0.03)


def test_the_nearer_of_two_parts_owns_the_pixel() -> None:
    buffer = empty_buffer(1, SIZE, torch.device("cpu"))
    start = torch.tensor([[[0.0, 0.0, 4.0], [0.0, 0.0, 3.0]]])
    splat(buffer, FOCAL, start, start + 0.001, torch.tensor([[0.5, 0.5], [0.1, 0.1]]), cone_hits, 10)
    owner = buffer.owner.reshape(SIZE, SIZE)
    assert owner[32, 32] == 11
    assert owner[32, 26] == 10
    assert owner[0, 0] == -1


def test_a_turned_box_is_hit_at_its_face() -> None:
    ray = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    depth, normal = box_hits(
        torch.zeros(3), ray, torch.tensor([0.0, 0.0, 5.0]), torch.tensor([2.0, 1.0, 0.5]), math.pi / 2
    )
    assert float(depth[0]) == pytest.approx(3.0, abs=1e-5)
    assert depth[1] == FAR
    torch.testing.assert_close(normal[0], torch.tensor([0.0, 0.0, -1.0]), atol=1e-5, rtol=0)
