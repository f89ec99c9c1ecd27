"""What a training run needs to go on where it stopped."""

from __future__ import annotations

import io
import json
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from aqa_bench.core.errors import DataError
from aqa_bench.core.sealed import LARGE, sealed_read, sealed_write

__all__ = ["History", "TrainingState", "load_checkpoint", "save_checkpoint"]

_FORMAT = 1
_CHECKPOINT = "training-checkpoint", 1


@dataclass
class History:
    """What happened in each epoch so far.

    Attributes:
        losses: Mean training losses.
        scores: Validation scores; empty without validation.
        rates: Learning rates of the first parameter group.
        seconds: Wall-clock durations, validation included.
        best_weights: The model's state after :attr:`best_epoch`.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_weights: dict[str, Tensor] | None = None

    @property
    def best_epoch(self) -> int | None:
        """The first epoch with the highest score; None where no score is finite."""
        finite = [epoch for epoch, score in enumerate(self.scores) if math.isfinite(score)]
        # The earliest of equals: less training for the same score.
        return max(finite, key=lambda epoch: (self.scores[epoch], -epoch), default=None)

    def exhausted(self, patience: int | None) -> bool:
        """Whether ``patience`` epochs have passed without a better score."""
        if patience is None or not self.scores:
            return False
        # Counted from the start while no score is finite, or NaN would train to the end.
        best = self.best_epoch
        return len(self.scores) - (0 if best is None else best + 1) >= patience

    def json_lines(self) -> str:
        """One JSON object per epoch; a score that is not finite is null."""
        lines = []
        for epoch, loss in enumerate(self.losses):
            entry: dict[str, float | int | None] = {"epoch": epoch, "loss": loss}
            if self.scores:
                score = self.scores[epoch]
                entry["score"] = score if math.isfinite(score) else None
            entry |= {"lr": self.rates[epoch], "seconds": round(self.seconds[epoch], 6)}
            lines.append(json.dumps(entry, allow_nan=False) + "\n")
        return "".join(lines)


@dataclass(frozen=True)
class TrainingState:
    """The objects that change while a model is trained."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    device: torch.device


def save_checkpoint(path: Path, state: TrainingState, history: History) -> None:
    """Write weights, optimiser, schedule, history and generator states as one file, whole or not at all.

    Args:
        path: The file to write.
        state: The objects being trained.
        history: The epochs so far.

    Raises:
        AqaBenchError: The file cannot be written.
    """
    cuda = state.device.type == "cuda"
    content = {
        "format": _FORMAT,
        "model": state.model.state_dict(),
        "optimizer": type(state.optimizer).__name__,
        "optimizer_state": state.optimizer.state_dict(),
        "scheduler_state": None if state.scheduler is None else state.scheduler.state_dict(),
        "history": vars(history),
        # Dropout and augmentation draw from these generators: without them a resumed run is another run.
        "rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state(state.device) if cuda else None,
    }
    # Through memory, so that the file is replaced at once: a kill in between
    # leaves the last checkpoint whole.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    sealed_write(path, *_CHECKPOINT, buffer.getvalue())


def load_checkpoint(path: Path, state: TrainingState) -> History:
    """Bring the objects of ``state``, and PyTorch's default generators, to where a run stopped.

    Args:
        path: A file of :func:`save_checkpoint`, read with ``weights_only=True``.
        state: Objects built as those of the run were.

    Returns:
        The epochs so far.

    Raises:
        Damaged: The file is not what was written; nothing was changed.
        DataError: The file is of a run with another model, optimiser or schedule.
    """
    payload = io.BytesIO(sealed_read(path, *_CHECKPOINT, limit=LARGE))
    try:
        # To the CPU first: loading onto the GPU would need room for a second model and optimiser.
        content: dict[str, Any] = torch.load(payload, map_location="cpu", weights_only=True)
        # PyTorch loads the state of one optimiser into another without a word.
        if content["format"] != _FORMAT or content["optimizer"] != type(state.optimizer).__name__:
            raise ValueError(f"format {content['format']}, optimiser {content['optimizer']}")
        if (content["scheduler_state"] is None) != (state.scheduler is None):
            raise ValueError("only one of the two has a learning-rate schedule")
        state.model.load_state_dict(content["model"])
        state.optimizer.load_state_dict(content["optimizer_state"])
        if state.scheduler is not None:
            state.scheduler.load_state_dict(content["scheduler_state"])
        history = History(**content["history"])
        # After all that may fail, so that a refused checkpoint changes nothing that others draw from.
        torch.set_rng_state(content["rng"])
    except (
        OSError,
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise DataError(
            "The training checkpoint cannot be resumed.",
            where=path,
            expected="a checkpoint of the same model, optimiser and schedule",
            found=" ".join(str(error).split())[:400] or type(error).__name__,
            remedy="Delete the file to train from the start.",
        ) from error
    if state.device.type == "cuda" and content["cuda_rng"] is not None:
        torch.cuda.set_rng_state(content["cuda_rng"], state.device)
    return history
