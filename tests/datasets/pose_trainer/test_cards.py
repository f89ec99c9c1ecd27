from __future__ import annotations

import pytest

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.split import check_repeats, check_split
from aqa_bench.datasets.pose_trainer.cards import CARDS
from aqa_bench.datasets.pose_trainer.release import EXERCISES, release
from aqa_bench.datasets.pose_trainer.splits import make_splits


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_notes_count_what_the_release_holds(card: DatasetCard) -> None:
    exercise, files = EXERCISES[card.id], release().of(card.id)
    assert f"{exercise.good} good and {exercise.bad} bad clips" in card.notes[0]
    assert f"cuts of {len({file.recording for file in files})} recordings" in card.notes[2]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_scheme_of_a_card_splits_the_release(card: DatasetCard) -> None:
    files = release().of(card.id)
    recordings = {file.id: file.recording for file in files}
    targets = {file.id: file.target for file in files}
    for scheme in card.schemes:
        splits = make_splits(scheme.id, card.id, targets, recordings)
        check_repeats(splits, card.id)
        for split in splits:
            check_split(split, recordings, card.id)
