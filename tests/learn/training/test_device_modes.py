from __future__ import annotations

import pytest
from torch import nn

from aqa_bench.learn.training.device import evaluating


@pytest.mark.parametrize("mode", [True, False])
def test_the_mode_comes_back_after_an_error_too(mode: bool) -> None:
    network = nn.Sequential(nn.Dropout()).train(mode)

    def work() -> None:
        with evaluating(network):
            assert not any(module.training for module in network.modules())
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert all(module.training is mode for module in network.modules())
