from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from aqa_bench.core.errors import DataError
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import Modality
from aqa_bench.learn.features.frame_index import FrameIndex
from aqa_bench.learn.training.distributed import World
from aqa_bench.methods.simsiam.method import SimSiam, SimSiamRecipe
from aqa_bench.methods.simsiam.network import Predictor, Projector, SiameseNetwork
from aqa_bench.methods.simsiam.views import view_figures

METHOD = find_method("simsiam")

SMALL = ("projection=32", "bottleneck=8")


def published(network: SiameseNetwork, x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    """Algorithm 1 of the paper, step by step."""

    def distance(p: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        z = z.detach()
        return -(F.normalize(p, dim=1) * F.normalize(z, dim=1)).sum(dim=1).mean()

    z1 = network.projector(network.backbone(x1))
    z2 = network.projector(network.backbone(x2))
    p1, p2 = network.predictor(z1), network.predictor(z2)
    return distance(p1, z2) / 2 + distance(p2, z1) / 2


def test_loss_and_gradients_are_those_of_the_published_algorithm(bench, tiny) -> None:
    torch.manual_seed(0)
    recipe = SimSiamRecipe(
        weights="random", resize=32, crop=32, projection=32, bottleneck=8, augmentation="none"
    )
    pool = FrameIndex(bench.pool(6), recipe.frame_spec(8))
    pretext = SimSiam(recipe).pretext(tiny(), pool, pool, seed=0)
    network = pretext.network.train()
    batch = next(pretext.batches(4, World())(0))
    ours = pretext.loss(network, pretext.prepare(batch))
    ours.backward()
    gradients = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    images = batch.images.permute(0, 3, 1, 2) / 255
    theirs = published(network, images, images)
    theirs.backward()
    torch.testing.assert_close(ours, theirs)
    for mine, parameter in zip(gradients, network.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad, rtol=1e-3, atol=1e-5)


def test_two_views_of_a_frame_differ(bench, tiny) -> None:
    recipe = SimSiamRecipe(weights="random", resize=32, crop=32, augmentation="simsiam")
    pool = FrameIndex(bench.pool(4), recipe.frame_spec(8))
    pretext = SimSiam(recipe).pretext(tiny(), pool, pool, seed=0)
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, ...]:
            seen.append((first, second))
            return tuple(torch.ones(4, 2) for _ in range(4))

    pretext.loss(Spy(), pretext.prepare(next(pretext.batches(4, World())(0))))
    ((first, second),) = seen
    assert not torch.equal(first, second)


class Striped(Media):
    """Stripes of the clip's own direction and width."""

    provides = frozenset({Modality.FRAMES})
    length = 12

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        angle, width, side = rng.uniform(0, np.pi), rng.uniform(3, 10), size or 40
        y, x = np.mgrid[:side, :side]
        phase = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / width
        numbers = np.arange(self.length) if indices is None else np.asarray(indices)
        wave = np.sin(phase + numbers[:, None, None])
        return np.repeat(((wave + 1) * 110).astype(np.uint8)[..., None], 3, axis=-1)


def test_it_learns_to_know_another_view_of_pictures_not_seen_before(tiny) -> None:
    recipe = SimSiamRecipe(
        weights="random", resize=32, crop=32, projection=32, bottleneck=16, augmentation="simsiam"
    )
    pool, others = (
        FrameIndex([Sample(f"{i}", f"{i}", Striped(i)) for i in numbers], recipe.frame_spec(8))
        for numbers in (range(24), range(900, 916))
    )
    torch.manual_seed(0)
    pretext = SimSiam(recipe).pretext(tiny(), pool, others, seed=0)
    network = pretext.network
    before = pretext.monitor.figures(network, pretext.embed, pretext.measure)
    adam = torch.optim.Adam(network.parameters(), lr=0.003)
    network.train()
    for epoch in range(120):
        for batch in pretext.batches(12, World())(epoch):
            adam.zero_grad()
            pretext.loss(network, pretext.prepare(batch)).backward()
            adam.step()
    after = pretext.monitor.figures(network, pretext.embed, pretext.measure)
    assert before["view_chance"] == 0.5
    assert 0.4 < before["view_accuracy"] < 0.65
    assert after["view_accuracy"] > 0.8
    assert network.training


def test_a_single_clip_has_no_other_to_be_told_from(tiny) -> None:
    recipe = SimSiamRecipe(
        weights="random", resize=32, crop=32, projection=32, bottleneck=16, augmentation="none"
    )
    alone = FrameIndex([Sample("0", "0", Striped(0))], recipe.frame_spec(8))
    network = SiameseNetwork(tiny(), Projector(tiny().num_features, 32), Predictor(32, 16)).eval()
    assert view_figures(network, alone, recipe.augment()) == {}


def test_the_predictor_keeps_its_rate_under_the_schedule() -> None:
    from aqa_bench.learn.pretraining.pretrain import PretextTraining, _optimisation

    predictor = Predictor(8, 4)
    network = torch.nn.ModuleList([Projector(8, 8), predictor])
    none = lambda *_: None  # noqa: E731
    pretext = PretextTraining(network, none, none, none, none, none, fixed_rate=list(predictor.parameters()))
    recipe = SimSiamRecipe(optimizer="sgd", lr=0.05, schedule="cosine")
    optimiser, schedule = _optimisation(pretext, recipe, steps=10)
    for _ in range(5):
        optimiser.step()
        schedule.step()
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0.025, 0.05])


def test_the_same_seed_gives_the_same_scores_in_another_cache(fresh) -> None:
    test = fresh("a").labelled(3, first=100).samples
    pool = fresh("a").pool(6)
    scores = [fresh(cache).fit(METHOD, *SMALL, pool=pool).predictor.predict(test) for cache in ("a", "b")]
    np.testing.assert_array_equal(*scores)


def test_collapse_is_measured_and_said(
    bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        SiameseNetwork, "projections", lambda self, x: self.projector(self.backbone(x)) * 0 + 1
    )
    with caplog.at_level(logging.WARNING):
        facts = bench.fit(METHOD, *SMALL, pool=bench.pool(6)).facts
    assert facts["collapsed"]
    assert "collapsed" in caplog.text


def test_too_few_clips_are_refused(bench) -> None:
    with pytest.raises(DataError, match="at least 2 usable"):
        bench.fit(METHOD, *SMALL, pool=bench.pool(1))
