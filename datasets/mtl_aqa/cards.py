"""The card of MTL-AQA."""

from __future__ import annotations

from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.split import Scheme
from aqa_bench.core.task import Modality
from aqa_bench.media.dives.release import EVENT_GROUPED, SCORE, SCORE_DD, official

__all__ = ["CARD"]

CARD = DatasetCard(
    id="mtl-aqa/diving",
    name="MTL-AQA diving",
    licence="none stated by the release; the videos belong to their broadcasters",
    source="https://github.com/ParitoshParmar/MTL-AQA",
    citation="P. Parmar and B. Tran Morris, What and How Well You Performed? A Multitask Learning Approach "
    "to Action Quality Assessment, CVPR 2019",
    access="Clone the repository; then: aqa-bench dataset prepare mtl-aqa --source CLONE. For frames, "
    "download the events' videos that its Video_List.xlsx links, named 01.mp4, 02.mp4, ..., and add "
    "--source VIDEOS --option extract=frames; or extract them yourself (ffmpeg -i 01.mp4 frames/01/%06d.jpg) "
    "and add the folder frames.",
    tasks=(SCORE, SCORE_DD),
    schemes=(
        official("The release's 1,059 train and 353 test dives"),
        Scheme(
            EVENT_GROUPED,
            "5 draws by hash: whole events in each part, those in test with at most a quarter of the dives "
            "and those in val with at most a tenth",
        ),
    ),
    provides=frozenset({Modality.FRAMES, Modality.ATTRIBUTES}),
    notes=(
        "A dive is the 103 frames that end at its annotated end. Numbers hold at the annotators' frame rate "
        "only: footage is checked against the end of each event's last dive.",
        "All 15 events stand in train and test of the official split: the mean score of a dive's event, "
        "known from train, ranks the test dives better than difficulty does. event-grouped keeps events "
        "apart.",
        "Published results often pick the epoch on the test dives; here it is picked on val.",
        "In the task score nothing but frames is told; score-dd tells difficulty, class, event and annotated "
        "duration. The marks of judges, which extended files add, are never read: the score is made of them.",
        "Two dives have a score of 0 (failed dives).",
    ),
)
