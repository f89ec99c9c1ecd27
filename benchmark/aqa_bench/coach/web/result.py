"""What the page of a verdict shows, worked out from the assessment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from aqa_bench.coach.assessment import Assessment, Finding, Obstacle, Person
from aqa_bench.coach.web.evidence import Shown, evidence_of
from aqa_bench.coach.web.jobs import Job
from aqa_bench.coach.web.pictures import people_picture
from aqa_bench.coach.web.plot import Band, Plot, bands_of, plots_of
from aqa_bench.coach.web.summary import PARTIAL, answer_of, summary_of

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """An assessment with the sentences and places that its page needs.

    Attributes:
        job: The job.
        assessment: What was found.
    """

    job: Job
    assessment: Assessment

    @cached_property
    def plots(self) -> list[Plot]:
        """Series over time."""
        return plots_of(self.assessment)

    @cached_property
    def bands(self) -> list[Band]:
        """Repetitions over time."""
        return bands_of(self.assessment)

    @cached_property
    def evidence(self) -> list[Shown]:
        """Evidence by task."""
        return evidence_of(self.assessment)

    @cached_property
    def answers(self) -> dict[int, str]:
        """One answer for each repetition, by its number."""
        return {repetition.index: answer_of(repetition) for repetition in self.assessment.repetitions}

    @cached_property
    def answer(self) -> str:
        """The answer for the clip: ``error``, ``good`` or ``cannot judge``."""
        answers = set(self.answers.values())
        return next((a for a in ("error", "good") if a in answers), "cannot judge")

    @cached_property
    def headline(self) -> str:
        """The answer in a sentence."""
        counts = summary_of(self.assessment)
        total = sum(count for answer, count in counts.items() if answer != PARTIAL)
        errors, good = counts.get("error", 0), counts.get("good", 0)
        if not errors and not good:
            return "This clip cannot be judged" if self.assessment.people else "Nobody was found in this clip"
        if total == 1:
            return "An error in the repetition" if errors else "A good repetition"
        if errors:
            return f"{errors} of {total} repetitions with an error"
        return (
            f"All {total} repetitions are good"
            if good == total
            else f"{good} of {total} repetitions are good"
        )

    @cached_property
    def subline(self) -> str:
        """What the headline leaves out."""
        counts = summary_of(self.assessment)
        unjudged, partial = counts.get("cannot judge", 0), counts.get(PARTIAL, 0)
        parts = []
        if unjudged and self.answer != "cannot judge":
            parts.append(f"{unjudged} {'repetition' if unjudged == 1 else 'repetitions'} could not be judged")
        if partial:
            parts.append(f"{partial} {'repetition was' if partial == 1 else 'repetitions were'} not complete")
        return "; ".join(parts)

    @cached_property
    def warnings(self) -> list[str]:
        """What holds of every task; the rest stands beside the task's own evidence."""
        known = [e.warnings for e in self.assessment.evidence]
        return [text for text in known[0] if all(text in others for others in known)] if known else []

    @cached_property
    def obstacles(self) -> list[Obstacle]:
        """What stands against a judgement, each once: of the clip, then of its repetitions."""
        found = list(self.assessment.obstacles)
        if self.answer == "cannot judge":
            found += [o for r in self.assessment.repetitions for v in r.verdicts for o in v.obstacles]
        return list({(o.text, o.advice): o for o in found}.values())

    @cached_property
    def people(self) -> dict[str, list[Person]]:
        """Whom to choose from, by the picture that shows them; empty where there is one person alone."""
        if len(self.assessment.people) < 2 or self.assessment.video is None:
            return {}
        by_picture: dict[str, list[Person]] = {}
        for person in self.assessment.people:
            by_picture.setdefault(people_picture(person.frame), []).append(person)
        return by_picture

    def seconds(self, frame: int) -> float:
        """Time of a frame in the video."""
        clip = self.assessment.clip
        return frame / clip.frames * clip.seconds if clip.frames else 0.0

    def measured(self, finding: Finding) -> str:
        """The number behind a finding; empty where there is none."""
        if finding.value is None:
            return ""
        unit = {"degrees": "°"}.get(finding.unit or "", f" {finding.unit}" if finding.unit else "")
        limit = "" if finding.limit is None else f", limit {finding.limit:.3g}{unit}"
        return f"measured {finding.value:.3g}{unit}{limit}"

    @cached_property
    def rules(self) -> list[str]:
        """The style of places on this page, which no attribute may carry: a policy forbids that."""
        rules = []
        for band in self.bands:
            width = 100 * (band.right - band.left)
            rules.append(f".band-{band.number}{{left:{100 * band.left:.3f}%;width:{width:.3f}%}}")
        for number, plot in enumerate(self.plots):
            rules += [f".y-{number}-{i}{{top:{100 * t.at:.2f}%}}" for i, t in enumerate(plot.values)]
            rules += [f".x-{number}-{i}{{left:{100 * t.at:.2f}%}}" for i, t in enumerate(plot.times)]
        width, height = self.assessment.clip.width, self.assessment.clip.height
        for person in self.assessment.people:
            x1, y1, x2, y2 = person.box_in_frame
            left, top = max(0.0, x1 / width), max(0.0, y1 / height)
            right, bottom = min(1.0, x2 / width), min(1.0, y2 / height)
            box = f"left:{100 * left:.2f}%;top:{100 * top:.2f}%"
            size = f"width:{100 * max(0.02, right - left):.2f}%;height:{100 * max(0.02, bottom - top):.2f}%"
            rules.append(f".person-{person.index}{{{box};{size}}}")
        return rules
