"""Results on disk: labels of the gym that were flipped by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aqa_bench.core.sealed import Damaged
from aqa_bench.datasets.synthetic_gym import annotated as clips
from aqa_bench.datasets.synthetic_gym import regenerated
from aqa_bench.datasets.synthetic_gym.adapter import SyntheticGym
from aqa_bench.datasets.synthetic_gym.annotate import records_fingerprint
from aqa_bench.datasets.synthetic_gym.diving import annotated as dives
from aqa_bench.datasets.synthetic_gym.diving.adapter import SyntheticDiving

ARRAYS = ("keypoints_2d", "bar_box")


@pytest.fixture
def gym(tmp_path: Path) -> SyntheticGym:
    return SyntheticGym("barbell-row", "tiny", tmp_path)


def doctored(gym: SyntheticGym, change: Callable[[dict], None]) -> None:
    """Change the annotations, and make fingerprint and seal again."""
    gym.fingerprint()
    (file,) = gym.home.rglob("*.annotations")
    document, arrays = regenerated.read_sealed(file, ARRAYS)
    change(document)
    document["fingerprint"] = records_fingerprint(gym.preset, gym.exercise, document["clips"])
    regenerated.write_sealed(file, document, arrays)
    vars(gym).pop("annotated", None)


def flip_all(document: dict) -> None:
    for clip in document["clips"]:
        clip["labels"] = {task: 1 - label for task, label in clip["labels"].items()}


def flip_one(document: dict) -> None:
    clip = document["clips"][7]
    clip["labels"] = {task: 1 - label for task, label in clip["labels"].items()}


def test_annotations_edited_in_place_are_never_read(gym: SyntheticGym) -> None:
    gym.fingerprint()
    (file,) = gym.home.rglob("*.annotations")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    vars(gym).pop("annotated")
    with pytest.raises(Damaged, match=r"barbell-row\.annotations(.|\n)*Delete the file; it will be"):
        gym.targets("lumbar")


def test_flipped_labels_under_a_new_fingerprint_and_seal_are_found_at_opening(gym: SyntheticGym) -> None:
    doctored(gym, flip_all)
    with pytest.raises(Damaged, match="from those that the generator computes"):
        gym.targets("lumbar")


def test_flipped_labels_under_the_old_fingerprint_are_found_at_opening(gym: SyntheticGym) -> None:
    gym.fingerprint()
    (file,) = gym.home.rglob("*.annotations")
    document, arrays = regenerated.read_sealed(file, ARRAYS)
    flip_one(document)
    regenerated.write_sealed(file, document, arrays)
    vars(gym).pop("annotated")
    with pytest.raises(Damaged, match="were changed"):
        gym.targets("lumbar")


def test_a_single_flipped_label_is_found_by_verify(
    gym: SyntheticGym, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctored(gym, flip_one)
    # As if none of the clips that were drawn at opening were the one.
    monkeypatch.setattr(clips, "check_some", lambda *_: None)
    (found,) = clips.differing_clips(gym.annotated)
    assert found == list(gym.annotated.clips)[7]
    (note,) = regenerated.not_as_generated([found])
    assert found in note


def move_a_source(document: dict) -> None:
    source, part = next(iter(document["parts"].items()))
    document["parts"][source] = "test" if part != "test" else "train"


def change_a_still(document: dict) -> None:
    still = document["stills"][0]
    still["labels"] = {task: 1 - label for task, label in still["labels"].items()}


def add_a_clip(document: dict) -> None:
    document["clips"].append(document["clips"][0] | {"id": "99999_1"})


@pytest.mark.parametrize("change", [move_a_source, change_a_still, add_a_clip], ids=lambda c: c.__name__)
def test_other_changes_of_the_annotations_are_found_by_verify(
    gym: SyntheticGym, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict], None]
) -> None:
    doctored(gym, change)
    monkeypatch.setattr(clips, "check_some", lambda *_: None)
    assert clips.differing_clips(gym.annotated)


def test_honest_annotations_are_as_the_generator_computes_them(gym: SyntheticGym) -> None:
    assert clips.differing_clips(gym.annotated) == []


def test_raised_scores_of_dives_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diving = SyntheticDiving("tiny", tmp_path)
    diving.fingerprint()
    assert dives.differing_dives(diving.annotated) == []
    (file,) = tmp_path.rglob("*.annotations")
    document, arrays = regenerated.read_sealed(file, ["keypoints_2d"])
    for dive in document["dives"]:
        dive["score"] = 99.9
    document["fingerprint"] = dives._records_fingerprint("tiny", document["dives"])
    regenerated.write_sealed(file, document, arrays)
    vars(diving).pop("annotated")
    with pytest.raises(Damaged, match="from those that the generator computes"):
        diving.fingerprint()
    monkeypatch.setattr(dives, "check_some", lambda *_: None)
    assert len(dives.differing_dives(diving.annotated)) == len(document["dives"])
