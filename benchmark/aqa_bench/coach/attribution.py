"""Which part of a repetition decided, for judges that do not say it: each part is held still in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aqa_bench.coach.clips import RepetitionClip
from aqa_bench.coach.judging import Judge, Judged
from aqa_bench.coach.repetitions import Cut
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.finding import Finding
from aqa_bench.core.progress import Progress

__all__ = ["parts_of", "with_deciding_parts"]

_WORDS = (
    "the first half of the way to the turning point",
    "the second half of the way to the turning point",
    "the first half of the way back",
    "the second half of the way back",
)


def parts_of(cut: Cut) -> list[tuple[int, int]]:
    """First and last frame of four parts of a repetition, two before its turn and two after it.

    Example:
        >>> parts_of(Cut(10, 20, 31, complete=True))
        [(10, 14), (15, 20), (21, 25), (26, 31)]
    """
    there, back = (cut.start + cut.turn) // 2, (cut.turn + 1 + cut.end) // 2
    return [(cut.start, there - 1), (there, cut.turn), (cut.turn + 1, back - 1), (back, cut.end)]


def with_deciding_parts(
    judge: Judge,
    task: str,
    clips: Sequence[RepetitionClip],
    cuts: Sequence[Cut],
    judged: Sequence[Judged],
    progress: Progress,
) -> list[Judged]:
    """Add to every error the part without whose movement its score falls most.

    Args:
        judge: Who judged.
        task: The task.
        clips: The repetitions.
        cuts: Their frames.
        judged: What was said of them.
        progress: Where to report.

    Returns:
        The same judgements; those of errors with a finding, where a part matters at all.
    """
    found = list(judged)
    for place, (clip, cut, said) in enumerate(zip(clips, cuts, judged, strict=True)):
        parts = [(first, last) for first, last in parts_of(cut) if first <= last]
        if said.score < said.threshold or said.findings or len(parts) < len(_WORDS):
            continue
        held = [clip.held(first - cut.start, last - cut.start) for first, last in parts]
        try:
            scores = [one.score for one in judge.judge(task, held, progress)]
        except AqaBenchError:
            continue
        least = min(range(len(parts)), key=scores.__getitem__)
        if scores[least] >= said.score:
            continue
        first, last = parts[least]
        text = (
            f"{_WORDS[least].capitalize()} matters most: if it is frozen, the score falls from "
            f"{said.score:.2f} to {scores[least]:.2f}."
        )
        found[place] = replace(said, findings=(Finding(text, start=first, end=last),))
    return found
