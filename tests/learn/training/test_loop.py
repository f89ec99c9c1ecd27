from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from aqa_bench.core.errors import DataError, MethodError, RecipeError
from aqa_bench.core.sealed import sealed_read
from aqa_bench.learn.training import loop
from aqa_bench.learn.training.device import Precision, deterministic
from aqa_bench.learn.training.loop import FitResult, fit, optimizer, to_device

CPU = torch.device("cpu")
Pair = tuple[Tensor, Tensor]


def _model(seed: int = 0, dropout: float = 0.3) -> nn.Module:
    with deterministic(seed):
        return nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 1)
        )


def _batches(n: int = 3) -> Callable[[int], Iterable[Pair]]:
    def epoch_batches(epoch: int) -> Iterator[Pair]:
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(n):
            x = torch.randn(16, 4, generator=generator)
            yield x, x.sum(dim=1, keepdim=True)

    return epoch_batches


def _mse(model: nn.Module, batch: Pair) -> Tensor:
    return nn.functional.mse_loss(model(batch[0]), batch[1])


def _fit(
    model: nn.Module, epochs: int = 6, name: str = "adam", batches: Any = None, **options: Any
) -> FitResult:
    built = optimizer(name, model.parameters(), lr=0.01)
    if options.pop("cosine", False):
        options["scheduler"] = CosineAnnealingLR(built, 6)
    return fit(model, batches or _batches(), _mse, optimizer=built, epochs=epochs, device=CPU, **options)


def _same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(t, b.state_dict()[name]) for name, t in a.state_dict().items())


def test_learns_and_is_repeatable() -> None:
    results = []
    for _ in range(2):
        model = _model()
        with deterministic(5):
            results.append(_fit(model, epochs=30))
        assert not model.training
    assert results[0] == results[1]
    assert results[0].epochs_run == 30
    assert results[0].losses[-1] < 0.5 * results[0].losses[0]
    assert (results[0].best_epoch, results[0].best_score, results[0].scores) == (None, None, ())


@pytest.mark.parametrize("name", ["adam", "sgd", "adadelta"])
@pytest.mark.parametrize("stop", [(3, 1, 1), (5, 2, 1), (5, 0, 2)])
def test_a_killed_run_resumes_to_the_same_bits(name: str, stop: tuple[int, int, int], tmp_path: Path) -> None:
    killed_in, after_batches, every = stop
    scores = [0.1, 0.9, 0.2, 0.9, 0.3, 0.4]

    def score(epoch: int) -> float:
        torch.rand(1)
        return scores[epoch]

    def dying(epoch: int) -> Iterator[Pair]:
        for index, batch in enumerate(_batches()(epoch)):
            if epoch == killed_in and index == after_batches:
                raise KeyboardInterrupt
            yield batch

    whole = _model()
    with deterministic(5):
        expected = _fit(whole, name=name, on_epoch=score, cosine=True)
    assert expected.best_epoch == 1

    path, log = tmp_path / "run" / "state.pt", tmp_path / "metrics.jsonl"
    options: dict[str, Any] = {"name": name, "on_epoch": score, "cosine": True, "checkpoint": path}
    options |= {"checkpoint_every": every, "log": log}
    with deterministic(5), pytest.raises(KeyboardInterrupt):
        _fit(_model(), batches=dying, **options)
    resumed = _model(seed=99)
    with deterministic(123):
        assert _fit(resumed, **options) == expected
    assert _same(resumed, whole)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(6))
    assert [line["loss"] for line in lines] == list(expected.losses)
    assert [line["score"] for line in lines] == scores
    assert lines[0]["lr"] == 0.01
    assert lines[3]["lr"] == pytest.approx(0.005)

    finished = _model(seed=7)
    assert _fit(finished, batches=lambda _: pytest.fail("trained again"), **options) == expected
    assert _same(finished, whole)


def test_best_weights_come_back() -> None:
    model = _model()
    seen: list[dict[str, Tensor]] = []
    scores = iter([0.2, 0.8, 0.8, math.nan, 0.1])

    def score(epoch: int) -> float:
        assert not model.training
        assert not torch.is_grad_enabled()
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return next(scores)

    result = _fit(model, epochs=5, on_epoch=score)
    assert (result.best_epoch, result.best_score) == (1, 0.8)
    assert all(torch.equal(tensor, seen[1][name]) for name, tensor in model.state_dict().items())
    assert not torch.equal(seen[1]["0.weight"], seen[4]["0.weight"])


@pytest.mark.parametrize(
    ("scores", "patience", "epochs_run"),
    [
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.0], 2, 3),
        ([0.1, 0.2, 0.2, 0.3, 0.3, 0.3], 2, 6),
        ([math.nan] * 6, 3, 3),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.0], None, 6),
    ],
)
def test_patience(scores: list[float], patience: int | None, epochs_run: int) -> None:
    result = _fit(_model(), on_epoch=lambda epoch: scores[epoch], patience=patience)
    assert result.epochs_run == len(result.losses) == len(result.scores) == epochs_run


def test_accumulated_small_batches_step_like_a_large_one() -> None:
    x = torch.randn(24, 4, generator=torch.Generator().manual_seed(0))
    y = x.sum(dim=1, keepdim=True)
    weights = []
    # Three groups: 8 samples, 8 samples, and a last group of half as many batches with 4 samples.
    for size, accumulate in ((8, 1), (4, 2)):
        model = nn.Linear(4, 1)
        nn.init.constant_(model.weight, 0.1)
        nn.init.zeros_(model.bias)
        parts = list(zip(x[:20].split(size), y[:20].split(size), strict=True))
        fit(
            model, lambda _, parts=parts: parts, _mse,  # type: ignore[misc]
            optimizer=optimizer("sgd", model.parameters(), 0.1), epochs=3, device=CPU, accumulate=accumulate,
        )  # fmt: skip
        weights.append(model.weight.detach())
    torch.testing.assert_close(weights[0], weights[1])


@pytest.mark.parametrize("bad_step", [0, 4, 40])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_names_epoch_and_step(bad_step: int, value: float, tmp_path: Path) -> None:
    calls = iter(range(1000))

    def loss(model: nn.Module, batch: Pair) -> Tensor:
        return _mse(model, batch) * (value if next(calls) == 50 + bad_step else 1.0)

    model, path = _model(), tmp_path / "state.pt"
    with pytest.raises(MethodError, match=f"epoch 1, step {bad_step}\n") as caught:
        fit(
            model, _batches(50), loss, optimizer=optimizer("adam", model.parameters(), 0.01), epochs=3,
            device=CPU, checkpoint=path,
        )  # fmt: skip
    assert "learning rate" in str(caught.value)
    kept = sealed_read(path, "training-checkpoint", 1)
    state = torch.load(io.BytesIO(kept), weights_only=True)
    assert len(state["history"]["losses"]) == 1
    assert all(tensor.isfinite().all() for tensor in state["model"].values())


def test_mean_loss_covers_every_batch() -> None:
    model = nn.Linear(1, 1)
    values = torch.arange(70.0)

    def loss(network: nn.Module, value: Tensor) -> Tensor:
        return network.get_parameter("weight").sum() * 0 + value

    result = fit(
        model,
        lambda _: values,
        loss,
        optimizer=optimizer("sgd", model.parameters(), 0.1),
        epochs=1,
        device=CPU,
    )
    assert result.losses == (34.5,)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    _fit(_model(), epochs=1, checkpoint=path)
    with pytest.raises(DataError, match="Adam"):
        _fit(_model(), name="sgd", checkpoint=path)
    with pytest.raises(DataError, match="schedule"):
        _fit(_model(), cosine=True, checkpoint=path)
    with pytest.raises(DataError, match=r"size mismatch|Missing key"):
        _fit(nn.Sequential(nn.Linear(4, 1)), checkpoint=path)


@pytest.mark.parametrize("damage", ["truncated", "one bit", "of another kind"])
def test_a_damaged_checkpoint_is_named_and_the_training_begins_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.pt"
    with deterministic(1):
        expected = _fit(_model(), epochs=3, checkpoint=path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(
        {"truncated": content[:100], "one bit": content, "of another kind": b"PK" + content}[damage]
    )
    with deterministic(1):
        assert _fit(_model(), epochs=3, checkpoint=path).losses == expected.losses
    assert "checkpoint is damaged" in caplog.text
    assert str(path) in caplog.text
    sealed_read(path, "training-checkpoint", 1)


def test_a_longer_run_continues_a_shorter_one(tmp_path: Path) -> None:
    with deterministic(1):
        expected = _fit(_model(), epochs=5)
    with deterministic(1):
        _fit(_model(), epochs=2, checkpoint=tmp_path / "s.pt")
        assert _fit(_model(), epochs=5, checkpoint=tmp_path / "s.pt") == expected


def test_bfloat16_trains() -> None:
    model = _model()
    seen: list[torch.dtype] = []
    model[4].register_forward_hook(lambda _m, _i, out: seen.append(out.dtype))  # type: ignore[index]
    _fit(model, epochs=1, precision=Precision.BF16)
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_errors_of_the_caller() -> None:
    with pytest.raises(MethodError, match="no batches"):
        _fit(_model(), batches=lambda _: [])
    for name in ("epochs", "accumulate", "checkpoint_every"):
        with pytest.raises(RecipeError, match=name):
            _fit(_model(), **{name: 0})


class _Recorder:
    def __init__(self) -> None:
        self.calls: list[object] = []

    def start(self, task: str, total: int | None) -> None:
        self.calls.append((task, total))

    def advance(self, n: int = 1, **fields: float) -> None:
        self.calls.append((n, sorted(fields)))

    def close(self) -> None:
        self.calls.append("closed")


def test_progress_is_told_and_closed(tmp_path: Path) -> None:
    recorder = _Recorder()
    _fit(_model(), epochs=2, on_epoch=float, progress=recorder, task="head", checkpoint=tmp_path / "s.pt")
    step = (1, ["loss", "score"])
    assert recorder.calls == [("head", 2), step, step, "closed"]
    resumed = _Recorder()
    _fit(_model(), epochs=3, on_epoch=float, progress=resumed, checkpoint=tmp_path / "s.pt")
    assert resumed.calls == [("training", 3), (2, ["loss"]), step, "closed"]
    failing = _Recorder()
    with pytest.raises(MethodError):
        _fit(_model(), batches=lambda _: [], progress=failing)
    assert failing.calls[-1] == "closed"


def test_long_epochs_are_counted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_TELL_EVERY_S", 0.0)
    recorder = _Recorder()
    batch = torch.ones(2, 4) * torch.tensor([[1.0], [2.0]]), torch.ones(2, 1)
    # One batch more than was said, then one less: the count of epochs is right all the same.
    sizes = [4, 2]
    _fit(_model(), batches=lambda e: [batch] * sizes[e], epochs=2, progress=recorder, per_epoch=3)
    assert recorder.calls[0] == ("training", 6)
    steps = recorder.calls[1:-1]
    assert sum(n for n, _ in steps) == 6
    assert len([n for n, told in steps if told]) == 2
    assert all(n >= 0 for n, _ in steps)


class _Clip(NamedTuple):
    x: Tensor
    name: str


def test_batches_move_whole() -> None:
    meta = torch.device("meta")
    moved = to_device(
        {"a": [torch.ones(1), 3], "b": (torch.ones(1), None), "c": _Clip(torch.ones(2), "id")}, meta
    )
    assert moved["a"][0].device == moved["b"][0].device == meta
    assert moved["a"][1] == 3
    assert isinstance(moved["c"], _Clip)
    assert (moved["c"].x.device, moved["c"].name) == (meta, "id")
