"""SimSiam beside lightly's: the layers of both heads, the loss, and a training step."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from aqa_bench.methods.simsiam.loss import negative_cosine, simsiam_loss
from aqa_bench.methods.simsiam.network import Predictor, Projector

_REASON = "lightly is not installed (extra reference)"
loss = pytest.importorskip("lightly.loss", reason=_REASON)
modules = pytest.importorskip("lightly.models.modules", reason=_REASON)

FEATURES, PROJECTION, BOTTLENECK = 24, 16, 4


def _copied(ours: nn.Module, theirs: nn.Module) -> None:
    """Our tensors into their module, in order; layouts that differ fail."""
    mine, other = ours.state_dict(), theirs.state_dict()
    assert [key.rsplit(".", 1)[-1] for key in mine] == [key.rsplit(".", 1)[-1] for key in other]
    theirs.load_state_dict(dict(zip(other, mine.values(), strict=True)))


@pytest.fixture
def heads() -> tuple[Projector, Predictor, nn.Module, nn.Module]:
    """Our heads and lightly's, with the same weights, in float64."""
    torch.manual_seed(0)
    projector, predictor = Projector(FEATURES, PROJECTION), Predictor(PROJECTION, BOTTLENECK)
    theirs = modules.SimSiamProjectionHead(FEATURES, FEATURES, PROJECTION)
    also_theirs = modules.SimSiamPredictionHead(PROJECTION, BOTTLENECK, PROJECTION)
    for module in (*projector.modules(), *predictor.modules()):
        if isinstance(module, nn.BatchNorm1d) and module.affine:
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    _copied(projector, theirs)
    _copied(predictor, also_theirs)
    return projector.double(), predictor.double(), theirs.double(), also_theirs.double()


def _layers(module: nn.Module) -> list[tuple[object, ...]]:
    leaves = [leaf for leaf in module.modules() if not list(leaf.children())]
    found: list[tuple[object, ...]] = []
    for leaf in leaves:
        if isinstance(leaf, nn.Linear):
            found.append((nn.Linear, leaf.in_features, leaf.out_features, leaf.bias is not None))
        elif isinstance(leaf, nn.BatchNorm1d):
            found.append((nn.BatchNorm1d, leaf.num_features, leaf.affine, leaf.eps, leaf.momentum))
        else:
            found.append((type(leaf),))
    return found


def test_published_heads_have_the_layers_of_lightlys() -> None:
    assert _layers(Projector(512, 2048)) == _layers(modules.SimSiamProjectionHead(512, 512, 2048))
    assert _layers(Predictor()) == _layers(modules.SimSiamPredictionHead())


def test_the_loss_of_two_views_is_lightlys_negative_cosine_similarity() -> None:
    p, z = torch.randn(2, 12, PROJECTION, dtype=torch.float64)
    torch.testing.assert_close(negative_cosine(p, z), loss.NegativeCosineSimilarity()(p, z))


def test_a_training_step_has_lightlys_loss_gradients_and_batch_statistics(
    heads: tuple[Projector, Predictor, nn.Module, nn.Module],
) -> None:
    projector, predictor, their_projector, their_predictor = heads
    views = torch.randn(2, 12, FEATURES, dtype=torch.float64)

    def by_us() -> Tensor:
        first, second = projector(views[0]), projector(views[1])
        return simsiam_loss(predictor(first), predictor(second), first, second)

    def by_lightly() -> Tensor:
        criterion = loss.NegativeCosineSimilarity()
        first, second = their_projector(views[0]), their_projector(views[1])
        p1, p2 = their_predictor(first), their_predictor(second)
        result: Tensor = 0.5 * (criterion(first.detach(), p2) + criterion(second.detach(), p1))
        return result

    ours, theirs = by_us(), by_lightly()
    torch.testing.assert_close(ours, theirs)
    ours.backward()
    theirs.backward()
    for mine, other in ((projector, their_projector), (predictor, their_predictor)):
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            assert float(b.grad.abs().sum()) > 0
            torch.testing.assert_close(a.grad, b.grad)
        for a, b in zip(mine.buffers(), other.buffers(), strict=True):
            torch.testing.assert_close(a, b)


def test_in_evaluation_the_heads_give_what_lightlys_give(
    heads: tuple[Projector, Predictor, nn.Module, nn.Module],
) -> None:
    projector, predictor, their_projector, their_predictor = heads
    x = torch.randn(5, FEATURES, dtype=torch.float64)
    for module in heads:
        module(x if module in (projector, their_projector) else x[:, :PROJECTION])
        module.eval()
    torch.testing.assert_close(projector(x), their_projector(x))
    torch.testing.assert_close(predictor(projector(x)), their_predictor(their_projector(x)))
