"""The card of UNLV-Dive."""

from __future__ import annotations

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality
from aqa_bench.media.dives.release import EVENT_GROUPED, SCORE, SCORE_DD, official

__all__ = ["CARD"]

CARD = DatasetCard(
    id="unlv-dive",
    name="UNLV-Dive",
    licence="none stated by the release; the videos belong to their broadcasters",
    source="https://github.com/ParitoshParmar/MTL-AQA",
    citation="P. Parmar and B. Tran Morris, Learning to Score Olympic Events, CVPR Workshops 2017; "
    "annotations as released with MTL-AQA (CVPR 2019)",
    access="Clone the repository of MTL-AQA, which holds the annotations; then: aqa-bench dataset prepare "
    "unlv-dive --source CLONE. For frames, download the videos of events 1 to 3 that its Video_List.xlsx "
    "links, named 01.mp4, 02.mp4, 03.mp4, and add --source VIDEOS --option extract=frames; or extract them "
    "yourself (ffmpeg -i 01.mp4 frames/01/%06d.jpg).",
    tasks=(SCORE, SCORE_DD),
    schemes=(
        official("The release's 300 train and 70 test dives"),
        Scheme(
            EVENT_GROUPED, "each event tested once, the smaller of the others as val, the larger as train"
        ),
    ),
    provides=frozenset({Modality.FRAMES, Modality.ATTRIBUTES}),
    notes=(
        "Its dives are of the first three events of MTL-AQA: a model trained on either has seen the other's "
        "test dives.",
        "A dive is the 103 frames that end at its annotated end. Numbers hold at the annotators' frame rate "
        "only: footage is checked against the end of each event's last dive.",
        "All three events stand in train and test of the official split. event-grouped keeps events apart.",
        "In the task score nothing but frames is told; score-dd tells difficulty, class, event and annotated "
        "duration.",
    ),
)
