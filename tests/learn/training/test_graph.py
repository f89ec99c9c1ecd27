from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from aqa_bench.core.errors import UsageError
from aqa_bench.learn.augment.presets import augmentation
from aqa_bench.learn.supervised import training
from aqa_bench.learn.training import graph
from aqa_bench.learn.training.device import deterministic
from aqa_bench.learn.training.graph import CHECKS, WARMUPS, CudaRecorder, recorder_for
from aqa_bench.learn.training.loop import FitResult, fit, optimizer

CPU = torch.device("cpu")
Pair = tuple[Tensor, Tensor]
EPOCHS, BATCHES = 5, 4
SPENT = WARMUPS + CHECKS


class Network(nn.Module):
    """With dropout, batch norm, a layer that gets no gradient, and one that is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 8), nn.Linear(8, 1)
        )
        self.idle = nn.Linear(2, 2)
        self.layers[4].requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y


def batches(epoch: int) -> Iterator[Pair]:
    """The last one of an epoch is smaller; every one draws from the generator that dropout draws from."""
    for number in range(BATCHES + 1):
        x = torch.randn(16 if number < BATCHES else 5, 4)
        yield x, x.sum(dim=1, keepdim=True)


def loss(model: nn.Module, batch: Pair) -> Tensor:
    return nn.functional.mse_loss(model(batch[0]), batch[1])


def trained(
    recorder: Any,
    name: str = "adam",
    *,
    of: Callable[[int], Iterator[Pair]] = batches,
    by: Callable[[nn.Module, Pair], Tensor] = loss,
    device: torch.device = CPU,
    **options: Any,
) -> tuple[FitResult, dict[str, Tensor], Tensor]:
    """What a training comes to, its weights, and the next draw."""
    with deterministic(3):
        model = Network().to(device)
        built = optimizer(name, model.parameters(), lr=0.02, weight_decay=0.01)
        result = fit(
            model,
            of,
            by,
            optimizer=built,
            epochs=EPOCHS,
            device=device,
            scheduler=CosineAnnealingLR(built, EPOCHS * BATCHES),
            schedule_by="step",
            recorder=recorder,
            **options,
        )
        return result, model.state_dict(), torch.rand(1, device=device)


def assert_same(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert found[0].losses == expected[0].losses
    assert found[1].keys() == expected[1].keys()
    assert all(torch.equal(tensor, expected[1][key]) for key, tensor in found[1].items())
    assert torch.equal(found[2], expected[2])


@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_replayed_passes_train_to_the_same_bits(repeating: type, name: str, accumulate: int) -> None:
    recorder = repeating()
    found = trained(recorder, name, accumulate=accumulate)
    assert_same(found, trained(None, name, accumulate=accumulate))
    assert found[0].replayed == EPOCHS * BATCHES - SPENT
    assert recorder.replays == found[0].replayed + CHECKS
    assert found[0].facts()["replayed_batches"] == found[0].replayed


def test_a_checkpoint_is_the_same_with_and_without_graphs(repeating: type, tmp_path: Path) -> None:
    def dying(epoch: int) -> Iterator[Pair]:
        for number, batch in enumerate(batches(epoch)):
            if (epoch, number) == (3, 2):
                raise KeyboardInterrupt
            yield batch

    expected = trained(None)
    for before, after in ((repeating(), None), (None, repeating()), (repeating(), repeating())):
        path = tmp_path / f"{before is None}-{after is None}"
        with pytest.raises(KeyboardInterrupt):
            trained(before, of=dying, checkpoint=path)
        assert_same(trained(after, checkpoint=path), expected)


def test_what_is_replayed_wrongly_is_noticed_and_counts_for_nothing(
    repeating: type, caplog: pytest.LogCaptureFixture
) -> None:
    class Stale(repeating):  # type: ignore[misc]
        """Computes on the weights that it was recorded with."""

        def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], object]]:
            value, replay = super().record(work)
            trained = [p for m in self.modules.values() for p in m.parameters(recurse=False)]
            old = [p.detach().clone() for p in trained]

            def on_old() -> None:
                new = [p.detach().clone() for p in trained]
                with torch.no_grad():
                    torch._foreach_copy_(trained, old)
                replay()
                with torch.no_grad():
                    torch._foreach_copy_(trained, new)

            return value, on_old

    recorder = Stale()
    found = trained(recorder)
    assert_same(found, trained(None))
    assert found[0].replayed == 0
    # The first comparison is of the weights that were recorded.
    assert recorder.replays == 2
    assert "replayed_batches" not in found[0].facts()
    assert [r.message[:26] for r in caplog.records if r.levelno == logging.WARNING] == [
        "Passes differ when replayed"[:26]
    ]


def test_what_cannot_be_recorded_is_computed_as_usual(
    repeating: type, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(repeating):  # type: ignore[misc]
        def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], object]]:
            with torch.random.fork_rng([]):
                work()
            raise RuntimeError("operation not permitted when stream is capturing\nat line 7")

    found = trained(Refusing(), "sgd")
    # What the failed recording of this double did to batch norms is not a graph's.
    expected = trained(None, "sgd")[1]
    assert all(
        torch.equal(tensor, expected[key]) for key, tensor in found[1].items() if "layers.1" not in key
    )
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning == (
        "Passes could not be recorded (operation not permitted when stream is capturing), "
        "so training continues without graphs."
    )


def test_batches_of_other_things_than_tensors_are_not_recorded(repeating: type) -> None:
    recorder = repeating()

    def listed(epoch: int) -> Iterator[Any]:
        return (list(batch) for batch in batches(epoch))

    found = trained(recorder, of=listed)
    assert_same(found, trained(None))
    assert (found[0].replayed, recorder.modules) == (0, {})


def test_fine_tuning_is_replayed_but_for_its_odd_batches(
    repeating: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = torch.randint(0, 256, (18, 8, 8, 3), dtype=torch.uint8)

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(192, 2)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.layer(x.flatten(1))
            return y

    def finetuned(recorder: Any) -> tuple[FitResult, Tensor]:
        monkeypatch.setattr(graph, "recorder_for", lambda device: recorder)
        with deterministic(1):
            network = Flat()
            parts = [
                training.Pictures(lambda i: pictures[torch.from_numpy(i)], torch.arange(n) % 2)
                for n in (18, 0)
            ]
            result = training.finetune_network(
                network,
                *parts,
                training.TrainingConfig(epochs=4, batch_size=4, lr=0.01),
                is_score=False,
                augment=augmentation("light"),
                seed=0,
                device=CPU,
            )
            return result, network.layer.weight.detach()

    (found, weights), (expected, wanted) = finetuned(repeating()), finetuned(None)
    assert found.losses == expected.losses
    assert torch.equal(weights, wanted)
    assert found.replayed == 4 * 4 - SPENT


def test_graphs_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("0", "1", ""):
        monkeypatch.setenv("AQA_BENCH_GRAPHS", value)
        assert recorder_for(CPU) is None
    cuda = torch.device("cuda", 0)
    assert recorder_for(cuda) is None
    monkeypatch.setenv("AQA_BENCH_GRAPHS", "1")
    assert recorder_for(cuda, processes=2) is None
    monkeypatch.setenv("AQA_BENCH_GRAPHS", "yes")
    with pytest.raises(UsageError) as caught:
        recorder_for(CPU)
    assert caught.value.where == "AQA_BENCH_GRAPHS"


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@needs_cuda
def test_cuda_graphs_train_as_passes_do(caplog: pytest.LogCaptureFixture) -> None:
    cuda = torch.device("cuda", 0)
    found = trained(CudaRecorder(cuda), device=cuda)
    expected = trained(None, device=cuda)
    assert [r for r in caplog.records if r.levelno == logging.WARNING] == []
    assert found[0].replayed == EPOCHS * BATCHES - SPENT
    assert found[0].losses == pytest.approx(expected[0].losses, rel=1e-4)
    for key, tensor in found[1].items():
        torch.testing.assert_close(tensor, expected[1][key], rtol=1e-3, atol=1e-4)
    # Dropout drew as often.
    assert torch.equal(found[2], expected[2])


@needs_cuda
def test_cuda_goes_on_after_a_recording_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    cuda = torch.device("cuda", 0)

    def reading(model: nn.Module, batch: Pair) -> Tensor:
        value = loss(model, batch)
        assert value.item() >= 0
        return value

    found = trained(CudaRecorder(cuda), by=reading, device=cuda)
    expected = trained(None, by=reading, device=cuda)
    assert found[0].replayed == 0
    assert len([r for r in caplog.records if "could not be recorded" in r.getMessage()]) == 1
    assert found[0].losses == pytest.approx(expected[0].losses, rel=1e-4)
    assert torch.equal(found[2], expected[2])
