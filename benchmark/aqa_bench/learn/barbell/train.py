"""Training a barbell detector by ultralytics: from random weights, offline, and without pickles."""

from __future__ import annotations

import io
import os
import random
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.sample import FloatArray, UInt8Array
from aqa_bench.learn.barbell.detector import (
    Architecture,
    BarbellDetector,
    network_config,
    require_ultralytics,
)
from aqa_bench.learn.barbell.training_set import write_training_set
from aqa_bench.learn.training.device import deterministic

__all__ = ["DetectorRecipe", "train_detector"]

_INTEGRATIONS = ("clearml", "comet", "dvc", "hub", "mlflow", "neptune", "raytune", "tensorboard", "wandb")


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """Hyper-parameters of the detector's training.

    Attributes:
        architecture: Which network.
        epochs: Passes over the training images.
        batch: Images per step.
        learning_rate: Peak learning rate of AdamW; it falls along a cosine.
        seed: Seed of weights, order and augmentation, in ``[0, 2**31)``.
    """

    architecture: Architecture = field(default_factory=Architecture)
    epochs: int = 16
    batch: int = 16
    learning_rate: float = 2e-3
    seed: int = 0


def train_detector(
    clips: Iterable[tuple[UInt8Array, FloatArray]],
    recipe: DetectorRecipe | None = None,
    *,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> BarbellDetector:
    """Train a detector on frames whose bar is boxed.

    Images and labels go to a temporary folder, which is removed. Nothing is validated on, so the last
    weights (an exponential moving average) are taken. The states of the random generators and the
    number of PyTorch's threads are given back afterwards.

    Args:
        clips: Per clip ``(T, H, W, 3)`` uint8 RGB frames and ``(T, 4)`` boxes in pixels
            (see :func:`~aqa_bench.learn.barbell.training_set.write_training_set`).
        recipe: Hyper-parameters.
        device: Where to train.
        progress: Advanced after every epoch.

    Returns:
        The detector, on the CPU.

    Raises:
        UsageError: ultralytics is not installed.
        DataError: There is nothing to train on.
        AqaBenchError: The training diverged.
    """
    recipe, progress = recipe or DetectorRecipe(), progress or NullProgress()
    library = require_ultralytics()
    # Integrations would import, and report to, whatever tracker is installed.
    dict.update(library.settings, dict.fromkeys(_INTEGRATIONS, False))
    with tempfile.TemporaryDirectory(prefix="aqa-bench-detector-") as temporary:
        folder = Path(temporary)
        data = write_training_set(folder / "data", clips, image_size=recipe.architecture.image_size)
        network = write_atomic(folder / "barbell.yaml", pretty_json(network_config(recipe.architecture)))
        # Its progress bars go to stdout, whatever its settings say.
        with _states_restored(recipe.seed), redirect_stdout(io.StringIO()):
            trainer = _trainer(recipe, network, data, folder / "run", device or torch.device("cpu"))
            progress.start("training the barbell detector", recipe.epochs)
            trainer.add_callback("on_train_epoch_end", lambda run: progress.advance(1, **_losses(run)))
            trainer.train()
            progress.close()
    trained = trainer.ema.ema.float()
    if not all(torch.isfinite(tensor).all() for tensor in trained.state_dict().values()):
        raise AqaBenchError(
            "The detector's training diverged.",
            expected="finite weights",
            remedy="Lower the learning rate, or check the boxes.",
        )
    return BarbellDetector(trained, recipe.architecture)


def _trainer(recipe: DetectorRecipe, network: Path, data: Path, run: Path, device: torch.device) -> Any:
    training: Any = import_module("ultralytics.models.yolo.detect")
    trainer = training.DetectionTrainer(
        overrides={
            "model": str(network),
            "data": str(data),
            "save_dir": str(run),
            "epochs": recipe.epochs,
            "patience": 0,
            "batch": recipe.batch,
            "nbs": recipe.batch,
            "imgsz": recipe.architecture.image_size,
            "device": "cpu" if device.type == "cpu" else str(device.index or 0),
            "seed": recipe.seed,
            "optimizer": "AdamW",
            "lr0": recipe.learning_rate,
            "cos_lr": True,
            "warmup_epochs": min(1.0, recipe.epochs / 4),
            "warmup_bias_lr": 0.0,
            # A small bar belongs to a bystander, so pictures are hardly scaled and never put together.
            "mosaic": 0.0,
            "close_mosaic": 0,
            "scale": 0.2,
            "translate": 0.1,
            "cache": "ram",
            "workers": 0,
            "amp": False,
            "pretrained": False,
            "val": False,
            "save": False,
            "plots": False,
            "verbose": False,
        }
    )
    # Checkpoints are pickles, and validation on the training images says nothing.
    trainer.validate = lambda: ({}, 0.0)
    trainer.save_model = lambda: False
    trainer.final_eval = lambda: None
    trainer.add_callback("on_pretrain_routine_end", _channels_last)
    return trainer


def _channels_last(run: Any) -> None:
    # ultralytics does so on CUDA; on CPUs it takes a quarter off the time of a step.
    run.model.to(memory_format=torch.channels_last)


def _losses(run: Any) -> dict[str, float]:
    total = run.loss
    return {"loss": float(total.detach())} if isinstance(total, torch.Tensor) else {}


@contextmanager
def _states_restored(seed: int) -> Iterator[None]:
    states = random.getstate(), np.random.get_state(), torch.get_num_threads(), dict(os.environ)  # noqa: NPY002
    try:
        with deterministic(seed):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_num_threads(states[2])
        for name in os.environ.keys() - states[3].keys():
            del os.environ[name]
        os.environ.update(states[3])
