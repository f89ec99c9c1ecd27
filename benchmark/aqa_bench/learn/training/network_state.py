"""Networks as arrays, and back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.state import State

__all__ = ["head_state", "load_network", "network_state"]

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def network_state(network: nn.Module) -> State:
    """Weights and buffers of a network, by name.

    Raises:
        MethodError: Some are of a number type that arrays do not have.
    """
    state: dict[str, torch.Tensor] = network.state_dict()
    odd = [f"{name} ({t.dtype})" for name, t in state.items() if t.dtype == torch.bfloat16 or t.is_complex()]
    if odd:
        raise MethodError(
            "A network cannot be saved.", expected="weights of float32", found=", ".join(odd[:5])
        )
    return State({}, {name: np.array(tensor.detach().cpu().numpy()) for name, tensor in state.items()})


def load_network(network: ModuleT, state: State) -> ModuleT:
    """Give a network the weights of :func:`network_state`.

    Args:
        network: Of the same architecture; changed in place.
        state: Names and values.

    Returns:
        The network, in evaluation mode.

    Raises:
        DataError: The state is of another architecture.
    """
    wanted: dict[str, Any] = network.state_dict()
    differing = sorted(
        name
        for name in wanted.keys() | state.arrays.keys()
        if name not in wanted or name not in state.arrays or wanted[name].shape != state.arrays[name].shape
    )
    if differing:
        raise DataError(
            "The state of a saved model belongs to a different network.",
            expected=f"the {len(wanted)} tensors of {type(network).__name__}",
            found=f"{len(differing)} tensors differ: {', '.join(differing[:5])}",
            remedy="Use the method version that saved the model.",
        )
    network.load_state_dict({name: torch.from_numpy(array) for name, array in state.arrays.items()})
    return network.eval()


def head_state(head: nn.Module) -> State:
    """As :func:`network_state`, with ``kind`` and ``in_features``, which the building of a head takes.

    Raises:
        MethodError: The head does not say them.
    """
    facts = {name: getattr(head, name, None) for name in ("kind", "in_features")}
    if None in facts.values():
        raise MethodError(
            "A head cannot be saved.",
            expected="attributes kind and in_features",
            found=type(head).__name__,
            remedy="Use a head of aqa_bench.learn.heads.",
        )
    return State(facts, network_state(head).arrays)
