"""The published Kinetics weights of ST-GCN."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.learn.backbones.weight_files import read_weights

from .stgcn import STGCN

__all__ = ["load_kinetics_checkpoint"]

_SHOWN = 5


def load_kinetics_checkpoint(model: STGCN, path: Path, *, sha256: str | None = None) -> None:
    """Load a checkpoint with the parameter names of the released ST-GCN code into ``model``.

    The checkpoint's classifier (``fcn``) is dropped; its graph (``A``) replaces the model's, since the
    weights were trained on it.

    Args:
        model: Network of the same configuration, changed in place.
        path: A PyTorch file (read with ``weights_only=True``) or a ``.safetensors`` file, with the
            tensors at the top level or under ``state_dict``.
        sha256: Expected hex digest of the file.

    Raises:
        DataError: The file is missing, damaged or not the expected one, or holds another architecture;
            the model is then unchanged.
    """
    if not path.is_file():
        raise DataError(
            "The ST-GCN checkpoint does not exist.",
            where=path,
            expected="a .pt, .pth or .safetensors file",
            remedy="Download ST-GCN's Kinetics weights and pass their path.",
        )
    if sha256 is not None and (found := sha256_file(path)) != sha256.lower():
        raise DataError(
            "The ST-GCN checkpoint is not the expected file.",
            where=path,
            expected=f"SHA-256 {sha256.lower()}",
            found=f"SHA-256 {found}",
            remedy="Download the file again, or drop the digest if you mean another version.",
        )
    weights = _translate(read_weights(path))
    wanted = model.state_dict()
    if problems := _differences(wanted, weights):
        more = f"\n    and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataError(
            "The checkpoint does not match the architecture of this ST-GCN.",
            where=path,
            expected="ST-GCN in the Kinetics configuration (18 OpenPose joints, ten blocks)",
            found="\n    ".join(["", *problems[:_SHOWN]]) + more,
            remedy="Use weights of that configuration, or build the model to match the checkpoint.",
        )
    model.load_state_dict({**wanted, **weights})


def _translate(released: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The released code's names in ours: only the list of blocks is called differently."""
    names = {name: name.removeprefix("module.") for name in released}
    return {
        names[name].replace("st_gcn_networks.", "blocks.", 1): tensor
        for name, tensor in released.items()
        if not names[name].startswith("fcn.")
    }


def _differences(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    problems = []
    for name, tensor in wanted.items():
        if name in found and found[name].shape != tensor.shape:
            problems.append(f"{name}: shape {tuple(found[name].shape)}, not {tuple(tensor.shape)}")
        # Weights saved before PyTorch 0.4.1 do not have the batch counters.
        elif name not in found and not name.endswith("num_batches_tracked"):
            problems.append(f"{name}: missing")
    problems.extend(f"{name}: unknown" for name in found if name not in wanted)
    return problems
