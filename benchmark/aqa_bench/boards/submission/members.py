"""Is an ensemble the mean of members that are there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aqa_bench.boards.runs import Problem, SubmittedRun
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.boards.submission.weight_licences import weights_licence
from aqa_bench.core.cards import Decision
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.lines import joined
from aqa_bench.core.predictions import read_predictions
from aqa_bench.core.record import PREDICTIONS_FILE, RunRecord

__all__ = ["ENSEMBLE", "check_members"]

ENSEMBLE = "ensemble"
"""The recipe of every ensemble."""
_THERE = "the members of an ensemble exist"
_ALIKE = "an ensemble's record agrees with its members"
_MEAN = "an ensemble is the mean of its members"
_TOLERANCE = 1e-9
_KEY = ["task", "fold", "split", "sample_id"]
_SHARED = ("dataset", "dataset_fingerprint", "scheme", "benchmark_version", "shuffled_labels", "honest")


def check_members(submission: Submission, known: Mapping[str, SubmittedRun]) -> Iterator[Problem]:
    """Compute an ensemble again from the runs that it names.

    Args:
        submission: The ensemble.
        known: Runs by run-id: accepted ones, and those of the same submission.
    """
    record = submission.record
    names = record.members
    if len(set(names)) != len(names) or len(names) < 2 or record.run_id in names:
        yield submission.about_record("members", _THERE, "two or more different runs", ", ".join(names))
        return
    missing = [name for name in names if name not in known]
    if missing:
        yield submission.about_record(
            "members", _THERE, "runs below submissions", f"{', '.join(missing[:3])} not found"
        )
        return
    members = [known[name] for name in sorted(names)]
    unfit = list(_check_words(submission, [member.record for member in members]))
    yield from unfit
    if not unfit:
        yield from _check_scores(submission, members)


def _check_words(submission: Submission, members: Sequence[RunRecord]) -> Iterator[Problem]:
    record = submission.record
    first = members[0]
    for field in _SHARED:
        for member in members:
            if getattr(member, field) != getattr(record, field):
                yield submission.about_record(
                    field,
                    _ALIKE,
                    f"{getattr(member, field)}, as in member {member.run_id}",
                    getattr(record, field),
                )
                break
    common = [task for task in first.tasks if all(task in member.tasks for member in members)]
    decision = Decision.OWN if all(m.decision is Decision.OWN for m in members) else Decision.TUNED
    told = {
        "method": "+".join(sorted({member.method for member in members})),
        "method_version": 1,
        "recipe": ENSEMBLE,
        "hyperparameters": {
            "rule": "mean",
            "of": sorted({_told(member) for member in members}),
            "members": sorted(record.members),
        },
        "members": sorted(record.members),
        "seed": min(member.seed for member in members),
        "tasks": common,
        "control": all(member.control for member in members),
        "oracle": sorted({name for member in members for name in member.oracle}),
        "modality": joined(member.modality for member in members),
        "pretrained_on": joined(member.pretrained_on for member in members),
        "parameters": sum(member.parameters or 0 for member in members) or None,
        "decision": decision,
        "facts": {},
        "pool_dataset": None,
        "keypoints": None,
    }
    for name, expected in told.items():
        if getattr(record, name) != expected:
            yield submission.about_record(name, _ALIKE, expected, getattr(record, name))
    for task in common:
        for member in members:
            if member.splits_fingerprint[task] != record.splits_fingerprint.get(task):
                yield submission.about_record(
                    f"splits_fingerprint.{task}",
                    _ALIKE,
                    f"{member.splits_fingerprint[task]}, as in member {member.run_id}",
                    record.splits_fingerprint.get(task),
                )
                break
    for member in members:
        if weights_licence(member) is None:
            yield submission.about_record(
                "members",
                "the licence of the weights is stated",
                "members that state it",
                f"none in {member.run_id}",
            )


def _told(record: RunRecord) -> str:
    pool = f", pre-trained on {record.pool_dataset}" if record.pool_dataset else ""
    return f"{record.method} {record.recipe}{pool}"


def _check_scores(submission: Submission, members: Sequence[SubmittedRun]) -> Iterator[Problem]:
    if submission.predictions is None:
        return
    own = submission.predictions.set_index(_KEY)["score"].sort_index()
    columns = []
    for member in members:
        file = member.folder / PREDICTIONS_FILE
        try:
            table = read_predictions(file)
        except DataError as error:
            yield submission.about_predictions(_THERE, "members that can be read", error.found or error.what)
            return
        if sha256_file(file) != member.record.predictions_sha256:
            yield submission.about_predictions(
                _THERE,
                "members with the predictions that were scored",
                f"different bytes in {member.path}",
            )
            return
        scores = table[table["task"].isin(submission.record.tasks)].set_index(_KEY)["score"].sort_index()
        if not scores.index.equals(own.index):
            yield submission.about_predictions(
                _MEAN, f"the {len(scores)} rows of {member.path}", f"{len(own)} rows"
            )
            return
        columns.append(scores.to_numpy())
    mean = np.mean(columns, axis=0)
    gap = np.abs(mean - own.to_numpy())
    worst = int(gap.argmax())
    if gap[worst] > _TOLERANCE:
        yield submission.about_predictions(
            _MEAN, f"{mean[worst]:.12g} for {own.index[worst][-1]}", f"{own.iloc[worst]:.12g}"
        )
