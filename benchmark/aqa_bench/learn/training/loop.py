"""The training loop, its optimisers, and what a fit came to."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from aqa_bench.core.errors import MethodError, RecipeError
from aqa_bench.core.files import write_atomic
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sealed import Damaged
from aqa_bench.learn.training.checkpoint import History, TrainingState, load_checkpoint, save_checkpoint
from aqa_bench.learn.training.device import Precision, autocast, uploaded

if TYPE_CHECKING:
    from aqa_bench.learn.training.graph import Passes, Recorder, ReplayedPasses

__all__ = ["FitResult", "fit", "optimizer", "to_device"]

_log = logging.getLogger(__name__)
_NAMES = ("adadelta", "adam", "adamw", "sgd")


def optimizer(
    name: str,
    params: Iterable[Parameter] | Iterable[dict[str, Any]],
    lr: float,
    *,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
) -> Optimizer:
    """Build an optimiser.

    Args:
        name: ``"adam"`` (L2 penalty), ``"adamw"`` (decoupled decay), ``"adadelta"`` or ``"sgd"``
            (Nesterov momentum).
        params: Parameters, or groups with options of their own such as ``lr``.
        lr: Learning rate.
        weight_decay: Weight decay.
        momentum: Momentum of ``"sgd"``; 0 for plain gradient descent.

    Returns:
        The optimiser.

    Raises:
        RecipeError: The name is unknown.
    """
    match name:
        case "adam":
            return torch.optim.Adam(params, lr=lr, weight_decay=weight_decay)
        case "adamw":
            return torch.optim.AdamW(params, lr=lr, weight_decay=weight_decay)
        case "adadelta":
            return torch.optim.Adadelta(params, lr=lr, weight_decay=weight_decay)
        case "sgd":
            return torch.optim.SGD(
                params, lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=momentum > 0
            )
    raise RecipeError("The optimiser is unknown.", expected=f"one of {', '.join(_NAMES)}", found=name)


Batch = TypeVar("Batch")
_CHECK_EVERY = 32
_TELL_EVERY_S = 1.0


@dataclass(frozen=True)
class FitResult:
    """What a training run came to.

    Attributes:
        epochs_run: Epochs trained, those before a resume included.
        best_epoch: Epoch (from 0) of the highest validation score, whose weights the model now has;
            None where there was no finite score and the model has its last weights.
        best_score: That score.
        losses: Mean training loss of each epoch.
        scores: Validation score of each epoch; empty without validation.
        replayed: Batches whose passes were replayed as a graph, those before a resume left out.
    """

    epochs_run: int
    best_epoch: int | None
    best_score: float | None
    losses: tuple[float, ...]
    scores: tuple[float, ...]
    replayed: int = 0

    def facts(self) -> dict[str, int]:
        """For the record: how long was trained, whose weights are kept (-1: the last), what was replayed."""
        best = -1 if self.best_epoch is None else self.best_epoch
        replayed = {"replayed_batches": self.replayed} if self.replayed else {}
        return {"epochs_run": self.epochs_run, "best_epoch": best, **replayed}


def fit(
    model: nn.Module,
    batches: Callable[[int], Iterable[Batch]],
    loss: Callable[[nn.Module, Batch], Tensor],
    *,
    optimizer: Optimizer,
    epochs: int,
    device: torch.device,
    precision: Precision = Precision.FP32,
    on_epoch: Callable[[int], float] | None = None,
    patience: int | None = None,
    after_epoch: Callable[[int], None] | None = None,
    scheduler: LRScheduler | None = None,
    schedule_by: Literal["epoch", "step"] = "epoch",
    accumulate: int = 1,
    checkpoint: Path | None = None,
    checkpoint_every: int = 1,
    log: Path | None = None,
    progress: Progress | None = None,
    per_epoch: int | None = None,
    task: str = "training",
    recorder: Recorder | None = None,
) -> FitResult:
    """Train a model, and leave it with its best weights (its last ones without validation).

    Resuming gives the same losses as an uninterrupted run wherever ``batches(epoch)`` depends on
    nothing but the epoch and PyTorch's default generators, whose states the checkpoint holds.

    Args:
        model: The network, moved to ``device``. It is in training mode for the batches (a network
            that keeps parts frozen overrides ``train``) and in evaluation mode afterwards.
        batches: The batches of an epoch (from 0); tensors in them, in tuples, lists and mappings
            too, are moved to ``device``.
        loss: The mean loss of a batch, as a scalar.
        optimizer: Optimiser over the model's parameters.
        epochs: Epochs to train, those before a resume included.
        device: Where to compute.
        precision: Arithmetic of model and loss.
        on_epoch: Validation after an epoch, in evaluation mode and without gradients; higher is better.
        patience: Stop after this many epochs without a better score.
        after_epoch: Called when an epoch is over, before its checkpoint is written.
        scheduler: Learning-rate schedule.
        schedule_by: Whether the schedule advances after each epoch or each step of the optimiser.
        accumulate: Batches whose mean gradient makes one step.
        checkpoint: File to resume from when it exists and is whole, written whole or not at all.
        checkpoint_every: Epochs between checkpoints; the last epoch is always kept.
        log: JSON-lines file, one object per epoch: epoch, loss, score, lr, seconds.
        progress: Display, counted in batches where ``per_epoch`` says how many there are, else in epochs.
        per_epoch: Batches of an epoch.
        task: What the display calls it.
        recorder: Records the forward and backward passes of batches that are tuples of tensors, to replay
            them. The loss may then wait for nothing on the device.

    Returns:
        Losses, scores and the epoch whose weights the model has.

    Raises:
        MethodError: A loss is NaN or infinite, or an epoch has no batches.
        DataError: The checkpoint is of another run.
        RecipeError: A count is out of range.
    """
    _check_counts(epochs=epochs, accumulate=accumulate, checkpoint_every=checkpoint_every)
    display = progress or NullProgress()
    model.to(device)
    state = TrainingState(model, optimizer, scheduler, device)
    history = History()
    if checkpoint is not None and checkpoint.is_file():
        try:
            history = load_checkpoint(checkpoint, state)
        except Damaged as error:
            # It costs time, not the run.
            _log.warning("The checkpoint is damaged, so training starts again: %s", error)

    def usual(batch: Batch) -> Tensor:
        with autocast(device, precision):
            value = loss(model, batch)
        # Gradients add up over the group, so each batch gives its share of the mean.
        (value / accumulate).backward()  # type: ignore[no-untyped-call]
        return value.detach()

    replaying: ReplayedPasses | None = None
    if recorder is not None:
        from aqa_bench.learn.training.graph import ReplayedPasses

        replaying = ReplayedPasses(model, usual, recorder, precision, device)
    each = per_epoch or 1
    display.start(task, epochs * each)
    try:
        if history.losses:
            display.advance(len(history.losses) * each, loss=history.losses[-1])
        while len(history.losses) < epochs and not history.exhausted(patience):
            epoch, start = len(history.losses), time.perf_counter()
            # Read before the epoch, since the schedule may change it at any step.
            history.rates.append(float(optimizer.param_groups[0]["lr"]))
            model.train()
            # Only one of the two may advance it, or a schedule by epochs would run out within the first.
            stepped = scheduler if schedule_by == "step" else None
            moved = (to_device(batch, device) for batch in batches(epoch))
            counted = _Counted(moved, display if per_epoch else None, each)
            history.losses.append(
                _train_epoch(replaying or usual, counted, optimizer, stepped, accumulate, epoch)
            )
            if scheduler is not None and stepped is None:
                scheduler.step()
            model.eval()
            if on_epoch is not None:
                with torch.no_grad():
                    history.scores.append(float(on_epoch(epoch)))
                if history.best_epoch == epoch:
                    # Clones: the state dict holds the live tensors, which the next step changes.
                    history.best_weights = {
                        name: t.detach().clone() for name, t in model.state_dict().items()
                    }
            if after_epoch is not None:
                # Before the checkpoint: killed in between, the epoch is trained
                # again and the call made again.
                after_epoch(epoch)
            history.seconds.append(time.perf_counter() - start)
            # The last epoch is always kept, or a finished training would be resumed before its end.
            last = epoch + 1 == epochs or history.exhausted(patience)
            if checkpoint is not None and (last or (epoch + 1) % checkpoint_every == 0):
                save_checkpoint(checkpoint, state, history)
            if log is not None:
                write_atomic(log, history.json_lines())
            shown = {"score": history.scores[-1]} if history.scores else {}
            # What an epoch had more or less than was said evens out here.
            display.advance(each - counted.told, loss=history.losses[-1], **shown)
    finally:
        display.close()
    # After the loop, not at the best epoch: training went on from the latest weights.
    if history.best_weights is not None:
        model.load_state_dict(history.best_weights)
    model.eval()
    best = history.best_epoch
    return FitResult(
        epochs_run=len(history.losses),
        best_epoch=best,
        best_score=None if best is None else history.scores[best],
        losses=tuple(history.losses),
        scores=tuple(history.scores),
        replayed=0 if replaying is None else replaying.replayed,
    )


class _Counted(Iterable[Batch]):
    """The batches of an epoch, told to a display now and then."""

    def __init__(self, batches: Iterable[Batch], display: Progress | None, most: int) -> None:
        self._batches, self._display, self._most = batches, display, most
        self.told = 0

    def __iter__(self) -> Iterator[Batch]:
        last = time.perf_counter()
        for done, batch in enumerate(self._batches):
            now = time.perf_counter()
            # Rarely enough to cost nothing, often enough for an estimate within the first seconds.
            if self._display is not None and now - last > _TELL_EVERY_S and done <= self._most:
                self._display.advance(done - self.told)
                self.told, last = done, now
            yield batch


def _train_epoch(
    passes: Passes,
    batches: Iterable[Batch],
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    accumulate: int,
    epoch: int,
) -> float:
    """One pass over the batches; losses are read back now and then, so that a GPU never waits."""
    values: list[float] = []
    unread: list[Tensor] = []
    in_group = 0
    optimizer.zero_grad(set_to_none=True)
    for batch in batches:
        unread.append(passes(batch))
        in_group += 1
        if in_group == accumulate:
            _step(optimizer, scheduler)
            in_group = 0
        # Reading a loss waits for the GPU: every 32 steps is soon enough to notice NaN
        # and rare enough to cost nothing.
        if len(unread) == _CHECK_EVERY:
            values += _finite(unread, epoch, len(values))
            unread = []
    if in_group:
        # The last group of an epoch may be short; its sum was divided by too large a number.
        _step(optimizer, scheduler, scale=accumulate / in_group)
    values += _finite(unread, epoch, len(values))
    if not values:
        raise MethodError(
            "An epoch has no batches to train on.",
            where=f"epoch {epoch}",
            remedy="Use a smaller batch size or more training samples.",
        )
    # Exactly rounded: resumed and uninterrupted runs are compared by it.
    return math.fsum(values) / len(values)


def _step(optimizer: Optimizer, scheduler: LRScheduler | None, scale: float = 1.0) -> None:
    if scale != 1.0:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad.mul_(scale)
    optimizer.step()
    if scheduler is not None:
        scheduler.step()
    optimizer.zero_grad(set_to_none=True)


def _finite(losses: list[Tensor], epoch: int, first_step: int) -> list[float]:
    values: list[float] = torch.stack([value.float() for value in losses]).tolist() if losses else []
    for step, value in enumerate(values, start=first_step):
        if not math.isfinite(value):
            raise MethodError(
                "The training loss is no longer a finite number.",
                where=f"epoch {epoch}, step {step}",
                expected="a finite loss",
                found=value,
                remedy="Lower the learning rate, train in float32 (AQA_BENCH_PRECISION=float32), and check "
                "the inputs for NaN.",
            )
    return values


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Move the tensors of a batch, looking into tuples, lists and dicts; anything else passes through."""
    return cast(Batch, _moved(batch, device))


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return uploaded(value, device)
    if isinstance(value, dict):
        return {key: _moved(item, device) for key, item in value.items()}
    # Named tuples take their fields one by one, other tuples a single iterable.
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_moved(item, device) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, device) for item in value)
    return value


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise RecipeError(
                "A count in the training loop is out of range.",
                where=name,
                expected="at least 1",
                found=count,
            )
