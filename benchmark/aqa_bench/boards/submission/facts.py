"""What a record says in words and values of its own: typed, bounded, and no place for labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.report import MAX_EXTRAS, FitReport

__all__ = ["check_facts"]

_NO_LABELS = "a record holds no labels"
_TYPED = "facts have the types of ctx.report"
_BOUNDED = "the environment is described in a few short texts"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FIELDS = FitReport.model_fields.keys() - {"extras"}
_MOST_PACKAGES, _MOST_TIMES = 64, 16
_LONGEST_WORD = 64  # a SHA-256
# Sixteen signs of at most three kinds are a list of answers, not a word; so are many digits in a row.
_FEW_SIGNS, _FEW_KINDS = 16, 3
_DIGITS = re.compile(r"(?:\d[\s,;|/._-]*){24,}")


def check_facts(submission: Submission) -> Iterator[Problem]:
    """A method may tell what it did, not what it knows of single samples.

    What can be written in plain sight is found: lists as long as a test set, facts for single samples,
    answers as one text or number. A secret code inside honest-looking numbers is not.

    Args:
        submission: The run; its predictions can be read.
    """
    record, table = submission.record, submission.predictions
    yield from _check_environment(submission)
    yield from _check_types(submission)
    if table is None:
        return
    ids = set(table["sample_id"])
    smallest = int(table[table["split"] == "test"].groupby("task")["sample_id"].nunique().min())
    splits = int(table.groupby(["task", "fold"]).ngroups)
    for part, values in (("facts", record.facts), ("hyperparameters", record.hyperparameters)):
        for place, value in _walk(part, values):
            # As many hyper-parameters as the recipe has fields say nothing.
            length = 0 if place == "hyperparameters" else smallest
            if reason := _odd(value, ids, length, splits):
                expected = "nothing about single samples, fewer values than samples, plain words as text"
                yield submission.about_record(place, _NO_LABELS, expected, reason)
    told = sum(1 for _, value in _walk("facts", record.facts) if not isinstance(value, dict | list))
    if told >= max(smallest, 2 * splits):
        yield submission.about_record(
            "facts", _NO_LABELS, f"fewer values than the {smallest} samples", f"{told} values"
        )


def _check_environment(submission: Submission) -> Iterator[Problem]:
    environment, timings = submission.record.environment, submission.record.timings
    if len(environment.packages) > _MOST_PACKAGES or not 1 <= environment.threads <= 2**16:
        yield submission.about_record(
            "environment",
            _BOUNDED,
            f"at most {_MOST_PACKAGES} packages, 1 thread or more",
            f"{len(environment.packages)} packages, {environment.threads} threads",
        )
    odd = [name for name in timings if not _NAME.fullmatch(name)]
    if odd or len(timings) > _MOST_TIMES:
        yield submission.about_record(
            "timings", _BOUNDED, f"at most {_MOST_TIMES} names in lower case", odd[:1] or len(timings)
        )
    texts = [environment.python, environment.platform, environment.processor]
    for text in (*texts, *environment.packages, *environment.packages.values()):
        if reason := _odd_text(text, frozenset()):
            yield submission.about_record("environment", _NO_LABELS, "names and versions", reason)


def _check_types(submission: Submission) -> Iterator[Problem]:
    facts = submission.record.facts
    extras = facts.keys() - _FIELDS
    if len(extras) > MAX_EXTRAS:
        yield submission.about_record(
            "facts", _TYPED, f"at most {MAX_EXTRAS} facts beyond those of ctx.report", f"{len(extras)}"
        )
    for name, value in facts.items():
        if not _NAME.fullmatch(name):
            yield submission.about_record(f"facts.{name}", _TYPED, "a name in lower case", name)
        elif name in _FIELDS:
            # Where splits differ, their values stand side by side.
            for each in value if isinstance(value, list) else [value]:
                try:
                    FitReport.model_validate({name: each})
                except ValidationError as error:
                    yield submission.about_record(
                        f"facts.{name}", _TYPED, error.errors()[0]["msg"], repr(each)[:120]
                    )
                    break


def _odd(value: Any, ids: Collection[str], smallest: int, splits: int) -> str:
    if isinstance(value, str):
        return _odd_text(value, ids)
    if not isinstance(value, dict | list):
        return ""
    named = sorted(set(ids).intersection(v for v in value if isinstance(v, str)))
    if len(named) > 1:
        return f"names {named[0]}, ..."
    if isinstance(value, dict):
        for name in value:
            if reason := _odd_text(name, ids):
                return reason
    return f"{len(value)} values" if smallest and len(value) >= smallest and len(value) > splits else ""


def _odd_text(text: str, ids: Collection[str]) -> str:
    words = re.findall(r"\w+", text)
    if any(len(word) > _LONGEST_WORD for word in words):
        return f"a word of {max(map(len, words))} characters"
    named = sorted(set(ids).intersection(re.split(r"[\s,;:=|]+", text))) if ids else []
    if len(named) > 1:
        return f"names {named[0]}, ..."
    signs = [sign for sign in text.lower() if not sign.isspace()]
    letters = [sign for sign in signs if sign.isalnum()]
    for found in (signs, letters):
        if len(found) >= _FEW_SIGNS and len(set(found)) <= _FEW_KINDS:
            return f"{len(found)} characters of {len(set(found))} kinds"
    if match := _DIGITS.search(text):
        return f"{len(match.group())} digits in a row"
    return ""


def _walk(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield place, value
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _walk(f"{place}.{key}", item)
