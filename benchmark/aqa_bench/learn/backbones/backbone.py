"""What image and video backbones have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from aqa_bench.core.state import State
from aqa_bench.learn.training.complexity import parameter_count
from aqa_bench.learn.training.network_state import load_network, network_state

__all__ = ["Backbone"]


class Backbone(nn.Module):
    """A trunk without its classifier, which normalises its own input by ``x * scale + shift``.

    Args:
        trunk: The network.
        name: What recipes call it.
        weights_name: Which weights it starts from, for the record.
        num_features: Length ``D`` of the pooled features.
        mean: Mean of the training pictures per channel, in [0, 1].
        std: Their standard deviation.
        axes: Axes of the trunk's input behind the channel.

    Attributes:
        frozen_stages: Stages that do not train.
    """

    def __init__(
        self,
        trunk: nn.Module,
        *,
        name: str,
        weights_name: str,
        num_features: int,
        mean: Sequence[float],
        std: Sequence[float],
        axes: int,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.name = name
        self.weights_name = weights_name
        self.num_features = num_features
        self.mean = tuple(float(value) for value in mean)
        self.std = tuple(float(value) for value in std)
        self.frozen_stages = 0
        shape = (1, 3, *(1,) * axes)
        scale, middle = torch.tensor(self.std).view(shape), torch.tensor(self.mean).view(shape)
        self.register_buffer("_scale", 1 / scale, persistent=False)
        self.register_buffer("_shift", -(middle / scale), persistent=False)
        self._scale: Tensor
        self._shift: Tensor

    def state(self) -> State:
        """Weights, and what it says of them."""
        return State({"weights_name": self.weights_name}, network_state(self).arrays)

    def restored(self, state: State) -> Self:
        """Itself with the weights of :meth:`state`, in evaluation mode.

        Raises:
            DataError: They are of another network.
        """
        self.weights_name = str(state.fact("weights_name"))
        return load_network(self, state)

    @property
    def num_parameters(self) -> int:
        """Number of parameters of the trunk, frozen ones included."""
        return parameter_count(self)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._scale.device
