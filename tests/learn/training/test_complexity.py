from __future__ import annotations

import torch
from torch import nn

from aqa_bench.learn.training.complexity import giga_multiply_adds, parameter_count


def test_a_convolution_costs_what_the_formula_says() -> None:
    layer = nn.Conv1d(8, 16, 3, padding=1)
    assert giga_multiply_adds(layer, torch.zeros(1, 8, 50)) == 8 * 16 * 3 * 50 / 1e9


def test_mode_and_statistics_are_left_alone() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).train()
    giga_multiply_adds(network, torch.ones(2, 4))
    assert network.training
    assert int(network[1].num_batches_tracked) == 0


def test_parameters_are_summed_over_modules() -> None:
    assert parameter_count(nn.Linear(3, 2), nn.Linear(2, 1, bias=False)) == 3 * 2 + 2 + 2
