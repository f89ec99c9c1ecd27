"""An audit of keypoints from files, printed for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aqa_bench.cli.output import say, table

if TYPE_CHECKING:
    from aqa_bench.protocol.keypoints import KeypointAudit

__all__ = ["show_keypoint_audit"]

_SHOWN = 5


def show_keypoint_audit(audit: KeypointAudit) -> None:
    """Print coverage, what is wrong, and what is worth knowing; long lists are cut."""
    keypoints = audit.keypoints
    layout = f" in layout {keypoints.layout}" if keypoints.layout else ""
    say(f"{audit.dataset}: {keypoints.kind}{layout} from {keypoints.files} files, {keypoints.sha256[:16]}")
    say("A run can use them." if audit.ok else "A run would refuse them: see below.")
    rows = [[task, str(count.samples), str(count.with_keypoints)] for task, count in audit.tasks.items()]
    table(["task", "samples available", "with keypoints"], rows)
    _listed("Samples without keypoints", audit.missing)
    _listed(
        "Files that match no sample",
        [f"{name} ({n} files)" if n > 1 else name for name, n in audit.extra.items()],
    )
    _problems(audit)
    if audit.frames.expected:
        _measurements(audit)
    for note in audit.notes:
        say(f"- {note}")


def _measurements(audit: KeypointAudit) -> None:
    frames, people = audit.frames, audit.several_people
    rows = [
        ["frames of the clips", f"{frames.expected}"],
        ["frames in the files", f"{frames.found}"],
        ["frames without a file", f"{frames.missing} in {frames.samples_with_missing} samples"],
        ["frames beyond the end", f"{frames.surplus}"],
        ["frames without people", f"{frames.empty}"],
        ["frames with several people", f"{people.frames} in {people.samples} samples, {people.most} at most"],
        ["joints that were NaN", f"{audit.unknown_joints}"],
    ]
    if audit.missing_joints is not None:
        worst = sorted(audit.missing_by_joint.items(), key=lambda item: -item[1])[:_SHOWN]
        told = ", ".join(f"{name} {share:.1%}" for name, share in worst if share)
        rows.append(["missing joints", f"{audit.missing_joints:.1%}" + (f": {told}" if told else "")])
    if audit.confidence is not None:
        c = audit.confidence
        rows.append(["confidence", f"{c.low:g} to {c.high:g}, median {c.median:g}"])
    table(["for the samples that could be read", ""], rows)


def _problems(audit: KeypointAudit) -> None:
    kinds = defaultdict(list)
    for problem in audit.problems:
        kinds[problem.what].append(problem)
    for what, problems in kinds.items():
        say(f"{what} ({len(problems)} samples)")
        for problem in problems[:_SHOWN]:
            say(f"  {problem.where}: expected {problem.expected}; found {problem.found}")
        if len(problems) > _SHOWN:
            say(f"  ... and {len(problems) - _SHOWN} more (--json lists them all)")
        say(f"  what to do: {problems[0].remedy}")


def _listed(title: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        say(f"{title} ({len(names)}): {', '.join(names[:_SHOWN])}{more}")
