"""The runner cuts the lifter out; every method and every pool sees the same picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.registry import find_dataset, find_method, open_dataset
from aqa_bench.core.sample import FloatArray, Media, Sample, UInt8Array
from aqa_bench.core.task import Modality
from aqa_bench.datasets.synthetic_gym.lifters import GymLifters
from aqa_bench.learn.lifter.finder import LifterFinder
from aqa_bench.learn.lifter.network import LifterNetwork
from aqa_bench.learn.lifter.recipe import FinderRecipe
from aqa_bench.protocol.dataset_view import DatasetView
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.regions import Region, RegionDataset, cut_out, finder_name, finder_of, region_of
from aqa_bench.protocol.worker.plain_recipe import PlainRecipe

GYM = "synthetic-gym/backsquat@tiny"


class Picture(Media):
    """Twelve frames of 40 x 50 pixels in which every pixel tells its place."""

    provides = frozenset({Modality.FRAMES, Modality.KEYPOINTS, Modality.BAR_BOXES})
    length, content_key = 12, "a" * 64

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        rows, columns = np.indices((40, 50))
        frame = np.stack([rows, columns, rows + columns], axis=-1).astype(np.uint8)
        return np.repeat(frame[None], 12 if indices is None else len(indices), axis=0)

    def keypoints(self, layout: str) -> FloatArray:
        points = np.ones((12, 17, 3), np.float32)
        points[..., 0], points[..., 1] = 20, np.linspace(10, 30, 17)
        points[:, 0] = 0
        return points

    def bar_boxes(self) -> FloatArray:
        return np.tile(np.array([10, 5, 40, 9], np.float32), (12, 1))


class Few(DatasetView):
    """The gym's card over one clip, with nothing to train a finder on."""

    def samples(self, task: str) -> Mapping[str, Sample]:
        return {"x": Sample("x", "g", Picture())}

    def unlabeled(self, task: str, held_out: frozenset[str]) -> Sequence[Sample]:
        return [Sample("p", "g", Picture())]

    def lifters(self) -> None:
        return None


@pytest.fixture
def few() -> Few:
    gym = open_dataset(GYM)
    return Few(gym, gym.card)


@pytest.fixture
def any_finder(monkeypatch: pytest.MonkeyPatch) -> LifterFinder:
    """A finder that nobody has trained, so that nothing has to be drawn."""
    finder = LifterFinder(LifterNetwork())
    monkeypatch.setattr("aqa_bench.protocol.regions.dataset.finder_of", lambda *_: finder)
    return finder


def test_labelled_clips_and_pool_are_cut_alike_and_joints_move_along(few: Few) -> None:
    view = RegionDataset(few, Region("person", "joints"))
    (sample,), (pooled,) = view.samples("kie").values(), view.unlabeled("kie", frozenset())
    # Joints from 11.25 to 30 in y, 20 in x; the outer 2% left out, a margin of a tenth on either side.
    left, top, right, bottom = view.box(Picture())
    assert abs((left + right) / 2 - 20) <= 1
    assert abs((top + bottom) / 2 - 20.6) <= 1
    assert abs((right - left) - 22) <= 2
    cut = sample.media.frames([0, 3])
    assert cut.shape == (2, bottom - top, right - left, 3)
    np.testing.assert_array_equal(cut[0], Picture().frames([0])[0, top:bottom, left:right])
    np.testing.assert_array_equal(pooled.media.frames([0, 3]), cut)
    assert sample.media.frames([0], 16).shape == (1, 16, 16, 3)
    moved, own = sample.media.keypoints("coco-17"), Picture().keypoints("coco-17")
    np.testing.assert_allclose(own[:, 1:, :2] - moved[:, 1:, :2], np.broadcast_to([left, top], (12, 16, 2)))
    np.testing.assert_array_equal(moved[:, 0], own[:, 0])
    np.testing.assert_allclose(sample.media.bar_boxes()[0], np.array([10, 5, 40, 9]) - [left, top] * 2)


def test_other_regions_are_other_content_but_draw_alike(few: Few) -> None:
    one, other, wide = (
        next(iter(RegionDataset(few, region).samples("kie").values())).media
        for region in (Region("person", "joints"), Region("legs", "joints"), Region("legs", "joints", 1.25))
    )
    assert len({Picture.content_key, one.content_key, other.content_key, wide.content_key}) == 4
    assert one.draw_seed("a") == other.draw_seed("a") == Picture().draw_seed("a")


def test_what_a_method_keeps_of_the_middle_is_the_region(few: Few) -> None:
    plain = PlainRecipe.of({"region": "legs", "resize": 100, "crop": 80}, "test")
    region = region_of(plain)
    assert region == Region("legs", "fair", 1.25)
    narrow, wide = (RegionDataset(few, Region("legs", "joints", zoom)).box(Picture()) for zoom in (1.0, 1.25))
    sides = narrow[2] - narrow[0], wide[2] - wide[0]
    assert sides[1] / sides[0] == pytest.approx(1.25, abs=0.15)
    whole = [PlainRecipe.of({"region": "frame", "resize": 100, "crop": 80}, "test"), Recipe()]
    assert [region_of(recipe) for recipe in whole] == [None, None]


def test_exact_joints_are_no_fair_region_and_make_an_oracle(few: Few) -> None:
    with pytest.raises(UsageError, match=r"region=frame(.|\n)*region_by=joints"):
        cut_out(few, Region("legs"))
    assert RegionDataset(few, Region("legs", "joints")).oracle == {Modality.KEYPOINTS}
    few.card = few.card.model_copy(update={"exact": frozenset()})
    estimated = RegionDataset(few, Region("legs"))
    assert estimated.oracle == frozenset()
    assert estimated.facts() == {"region": f"legs by joints of {few.card.id}"}
    few.card = few.card.model_copy(update={"provides": frozenset({Modality.FRAMES})})
    with pytest.raises(UsageError, match="neither"):
        cut_out(few, Region("legs"))


def test_the_gym_is_cut_by_a_finder_and_makes_no_oracle(any_finder: LifterFinder) -> None:
    view = RegionDataset(open_dataset(GYM), Region("legs"))
    assert view.oracle == frozenset()
    name = finder_name(GymLifters("tiny"))
    assert view.facts() == {"region": f"legs by finder {name}, weights {any_finder.sha256[:16]}"}
    view._dataset.lifters = lambda: None  # type: ignore[method-assign]
    media = Picture()
    first = view.box(media)
    any_finder.find = None  # type: ignore[assignment, method-assign]
    np.testing.assert_array_equal(view.box(media), first)


def test_still_images_are_shown_whole(any_finder: LifterFinder) -> None:
    gym = open_dataset(GYM)
    view = RegionDataset(gym, Region("person"))
    name, sample = next(iter(view.samples("ss").items()))
    assert sample.media.content_key == gym.samples("ss")[name].media.content_key


def test_a_recipe_decides_for_any_image_or_video_method(any_finder: LifterFinder) -> None:
    for method in ("imagenet", "cvcspc", "kinetics", "md", "still"):
        assert "region" not in resolve(Request(GYM, method, tasks=("kie",))).recipe.model_dump()
        cut = resolve(Request(GYM, method, tasks=("kie",), overrides=("region=legs",)))
        assert isinstance(cut.dataset, RegionDataset), method
        assert cut.dataset.region.part == "legs"
    half = resolve(Request(GYM, "half-cycle-difference", tasks=("kie",)))
    assert isinstance(half.dataset, RegionDataset)
    oracle = resolve(Request(GYM, "half-cycle-difference", recipe="oracle", tasks=("kie",)))
    assert isinstance(oracle.dataset, RegionDataset)
    assert oracle.dataset.oracle == {Modality.KEYPOINTS}
    frame = resolve(Request(GYM, "half-cycle-difference", recipe="frame", tasks=("kie",)))
    assert not isinstance(frame.dataset, RegionDataset)


def test_a_foreign_pool_is_cut_in_the_same_way(any_finder: LifterFinder) -> None:
    press = "synthetic-gym/overhead-press@tiny"
    request = Request(GYM, "cvcspc", tasks=("kie",), overrides=("region=person",), pretrain_on=press)
    assert isinstance(resolve(request).foreign, RegionDataset)
    assert find_method("cvcspc").card.uses_pool
    assert find_dataset(press).exact


def test_a_finder_is_trained_once_and_again_when_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.core.progress import NullProgress

    monkeypatch.setenv("AQA_BENCH_CACHE", str(tmp_path))
    drawn: list[int] = []
    lifters = open_dataset(GYM).lifters()
    assert lifters is not None

    class Counted:
        name = "counted"
        finder = None

        def clips(self, start: int, stop: int, frames: int):
            drawn.append(stop)
            return lifters.clips(start, stop, frames)

    recipe = FinderRecipe(clips=3, frames=1, steps=2, batch=2)
    first = finder_of(Counted(), NullProgress(), recipe)
    assert finder_of(Counted(), NullProgress(), recipe).sha256 == first.sha256
    assert drawn == [3]
    (file,) = tmp_path.rglob("*.finder")
    file.write_bytes(file.read_bytes()[:-1])
    assert finder_of(Counted(), NullProgress(), recipe).sha256 == first.sha256
    assert drawn == [3, 3]
