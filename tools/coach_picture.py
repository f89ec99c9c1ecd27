"""A looping picture of a flagged squat and a good one, as the coach draws gym clips: docs/img/coach.webp.

python tools/coach_picture.py            # minutes: fits the squat's judge unless it is in the cache
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from aqa_bench.coach.assess import assess
from aqa_bench.coach.assessment import Answer, Assessment
from aqa_bench.coach.judges import JUDGES
from aqa_bench.core.files import write_atomic
from aqa_bench.core.registry import open_dataset
from aqa_bench.datasets.synthetic_gym.clip import make_clip, make_shot
from aqa_bench.datasets.synthetic_gym.plan import ClipPlan, plan_clips
from aqa_bench.datasets.synthetic_gym.presets import PRESETS
from aqa_bench.datasets.synthetic_gym.render import render_shot
from aqa_bench.media.video import encode

OUT = Path(__file__).resolve().parents[1] / "docs" / "img" / "coach.webp"
SIDE, SLOWER, MOST_BYTES = 480, 1.5, 1_500_000


def candidates() -> Iterator[ClipPlan]:
    """Test clips of the squat's judge, in their order."""
    dataset = open_dataset(JUDGES["squat"].dataset)
    (split,) = dataset.splits("kfe", dataset.card.schemes[0].id)
    test = set(split.test)
    yield from (plan for plan in plan_clips("demo", "backsquat", "labelled") if plan.id in test)


def judged(plan: ClipPlan, folder: Path) -> Assessment:
    """A clip rendered large and assessed; joints are the generator's."""
    clip = make_clip(plan)
    file = folder / f"{plan.id}.mp4"
    frames = render_shot(make_shot(clip), SIDE, 2, "cpu").frames.numpy()
    encode(file, frames, PRESETS[plan.preset].fps)
    joints = clip.annotation.keypoints_2d.astype(np.float32)
    joints[..., :2] *= SIDE / PRESETS[plan.preset].size
    np.savez(file.with_suffix(".npz"), keypoints=joints, layout="coco-17")
    return assess(file, "squat", folder / plan.id, keypoints=file.with_suffix(".npz"))


def answers(found: Assessment) -> set[Answer]:
    """All answers of a clip."""
    return {verdict.answer for rep in found.repetitions for verdict in rep.verdicts}


def main() -> int:
    """Draw a flagged squat and a good one, the first that are found."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    wanted = [True, False]
    pictures: list[Image.Image] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for plan in candidates():
            found = judged(plan, folder)
            if not wanted:
                break
            flagged = Answer.ERROR in answers(found)
            if flagged != wanted[0] or not {Answer.ERROR, Answer.GOOD} & answers(found):
                continue
            wanted.pop(0)
            print(plan.id, "flagged" if flagged else "good", flush=True)
            with av.open(str(folder / plan.id / "judged.mp4")) as container:
                pictures += [frame.to_image() for frame in container.decode(video=0)]
            if not wanted:
                break
    wait = round(1000 * SLOWER / PRESETS["demo"].fps)
    content = io.BytesIO()
    for quality in (75, 60, 45, 30):
        content = io.BytesIO()
        rest = {"append_images": pictures[1:], "duration": wait, "loop": 0}
        pictures[0].save(content, "WEBP", save_all=True, quality=quality, method=4, **rest)
        if content.tell() < MOST_BYTES:
            break
    write_atomic(given.out, content.getvalue())
    print(given.out, given.out.stat().st_size, "bytes", len(pictures), "frames")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
