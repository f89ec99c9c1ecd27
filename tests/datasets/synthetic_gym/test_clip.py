from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from aqa_bench.datasets.synthetic_gym.camera import project
from aqa_bench.datasets.synthetic_gym.clip import COCO_17, Clip, make_clip, make_shot
from aqa_bench.datasets.synthetic_gym.errors import ERRORS, ErrorDraw
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, Exercise
from aqa_bench.datasets.synthetic_gym.render import BAR, LIFTER, Rendered, render_shot

SIZE = 64


@pytest.fixture(scope="module")
def rendered(clips: dict[Exercise, list[Clip]]) -> list[tuple[Clip, Rendered]]:
    torch.set_num_threads(1)
    return [(clip, render_shot(make_shot(clip), SIZE)) for some in clips.values() for clip in some[:3]]


def test_a_plan_gives_the_same_pixels_twice(rendered: list[tuple[Clip, Rendered]]) -> None:
    clip, first = rendered[0]
    again = render_shot(make_shot(make_clip(clip.plan)), SIZE)
    assert torch.equal(again.frames, first.frames)
    assert first.frames.shape == (32, SIZE, SIZE, 3)
    assert 0.05 < first.frames.float().mean() / 255 < 0.95


def test_estimated_visibility_is_that_of_the_pixels(rendered: list[tuple[Clip, Rendered]]) -> None:
    for clip, picture in rendered:
        assert picture.visibility.mean() >= 0.6
        assert clip.annotation.visibility == pytest.approx(float(picture.visibility.mean()), abs=0.12)


def test_bar_box_holds_every_pixel_of_the_bar(rendered: list[tuple[Clip, Rendered]]) -> None:
    for clip, picture in rendered:
        scale = SIZE / 96
        box = (clip.annotation.bar_box - np.tile(clip.shake, 2) * 96) * scale
        for frame in range(0, 32, 5):
            y, x = np.nonzero((picture.classes[frame] == BAR).numpy())
            if len(x):
                assert x.min() / 2 >= box[frame, 0] - 2
                assert y.min() / 2 >= box[frame, 1] - 2
                assert x.max() / 2 <= box[frame, 2] + 2
                assert y.max() / 2 <= box[frame, 3] + 2


def test_visible_joints_fall_on_the_body(rendered: list[tuple[Clip, Rendered]]) -> None:
    on, total = 0, 0
    for clip, picture in rendered:
        side = picture.classes.shape[1]
        pixels = project(clip.scene.camera, clip.annotation.keypoints_3d, side)[0].astype(int)
        seen = clip.annotation.keypoints_2d[..., 2] == 1
        seen &= ((pixels >= 0) & (pixels < side)).all(-1)
        frame, joint = np.nonzero(seen)
        x, y = pixels[frame, joint].T
        kind = picture.classes.numpy()[frame, y, x]
        on, total = on + np.isin(kind, (LIFTER, BAR)).sum(), total + len(kind)
    assert on / total > 0.95


def test_keypoints_of_both_kinds_agree(clips: dict[Exercise, list[Clip]]) -> None:
    clip = clips["backsquat"][0]
    a = clip.annotation
    assert a.keypoints_2d.shape == a.keypoints_3d.shape == (32, len(COCO_17), 3)
    pixels = project(clip.scene.camera, a.keypoints_3d, 96)[0] + clip.shake[:, None] * 96
    np.testing.assert_allclose(a.keypoints_2d[..., :2], pixels)
    assert set(np.unique(a.keypoints_2d[..., 2])) <= {0.0, 0.5, 1.0}
    height = a.keypoints_3d[0, 0, 1] - a.keypoints_3d[0, -1, 1]
    assert 0.75 * a.subject < height < a.subject


@pytest.mark.parametrize(("exercise", "task"), [("backsquat", "kie"), ("overhead-press", "elbow")])
def test_counterfactual_pairs_differ_only_at_body_bar_and_shadow(exercise: Exercise, task: str) -> None:
    plan = plan_clips("tiny", exercise, "labelled")[1]
    spec = next(s for s in ERRORS[exercise] if s.name == task)
    centre = sum(spec.when or (0.5, 0.5)) / 2
    pair = [
        make_clip(plan, errors={task: ErrorDraw(t, centre, 0.08, 0.0)}) for t in (spec.clean, spec.severe)
    ]
    assert [clip.annotation.labels[task] for clip in pair] == [0, 1]
    np.testing.assert_array_equal(pair[0].annotation.bar_height, pair[1].annotation.bar_height)
    one, two = (render_shot(make_shot(clip), SIZE) for clip in pair)
    differ = (one.frames != two.frames).any(-1)
    may = torch.zeros_like(differ)
    for picture in (one, two):
        body = (picture.classes == LIFTER) | (picture.classes == BAR)
        may |= F.max_pool2d(body.float()[:, None], 2)[:, 0] > 0
    may |= one.shadow != two.shadow
    # The shake resamples the picture, so a change reaches the neighbouring pixels.
    may = F.max_pool2d(may.float()[:, None], 7, stride=1, padding=3)[:, 0] > 0
    assert differ.any()
    assert not (differ & ~may).any()
    assert (~may).float().mean() > 0.3


@pytest.mark.parametrize("exercise", EXERCISES)
def test_repetitions_of_a_source_share_lifter_and_scene(
    exercise: Exercise, clips: dict[Exercise, list[Clip]]
) -> None:
    sources: dict[str, list[Clip]] = {}
    for clip in clips[exercise]:
        sources.setdefault(clip.annotation.source, []).append(clip)
    shared = [some for some in sources.values() if len(some) > 1]
    assert shared
    for some in shared:
        assert len({clip.annotation.subject for clip in some}) == 1
        assert len({clip.annotation.camera["azimuth"] for clip in some}) == 1
        assert len({clip.annotation.seed for clip in some}) == len(some)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_and_cpu_agree(rendered: list[tuple[Clip, Rendered]]) -> None:
    clip, picture = rendered[0]
    other = render_shot(make_shot(clip), SIZE, device="cuda")
    assert (other.frames.float() - picture.frames.float()).abs().mean() < 2
