"""One answer per repetition, out of its verdicts; and how many there are of each."""

from __future__ import annotations

from collections import Counter

from aqa_bench.coach.assessment import Answer, Assessment, Repetition

__all__ = ["PARTIAL", "answer_of", "summary_of"]

#: What stands in place of an answer for a repetition that was not done to its end.
PARTIAL = "partial"


def answer_of(repetition: Repetition) -> str:
    """``error`` where a task found one; ``good`` where all that could be judged is; else ``cannot judge``."""
    if not repetition.complete:
        return PARTIAL
    answers = {verdict.answer for verdict in repetition.verdicts}
    for answer in (Answer.ERROR, Answer.GOOD):
        if answer in answers:
            return answer.value
    return Answer.CANNOT_JUDGE.value


def summary_of(assessment: Assessment) -> dict[str, int]:
    """How many repetitions have which answer."""
    return dict(Counter(answer_of(repetition) for repetition in assessment.repetitions))
