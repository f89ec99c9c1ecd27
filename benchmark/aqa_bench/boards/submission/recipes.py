"""Are a record's hyper-parameters those of the method's own recipe type?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.plugin import is_changed
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.files import canonical_json
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.registry import methods

__all__ = ["check_hyperparameters", "recipe_type"]

_RULE = "hyper-parameters are those of the method's recipe"


def recipe_type(submission: Submission, root: Path, base: str | None) -> type[Recipe] | str:
    """The type of a record's hyper-parameters, or why it is not applied.

    The type is code of the method. It is imported where that code is ours already: the installed one, or
    the checkout's where nothing of the method differs from ``base``. A method that comes with the
    submission is a stranger's code, and is never imported.

    Args:
        submission: The run.
        root: The folder of submissions; a method in the checkout around it may be what is proposed.
        base: What was accepted before: a checkout or a revision.
    """
    record = submission.record
    plugin = methods().get(record.method)
    if record.members:
        return "an ensemble has no hyper-parameters of its own"
    if plugin is None:
        return "the method comes with the submission"
    if record.method_version != plugin.card.version:
        return f"the run is of version {record.method_version}, the code of {plugin.card.version}"
    folder = Path(plugin.folder).resolve()
    if folder.is_relative_to(root.resolve().parent) and (base is None or is_changed(folder, base)):
        return "the method's code lies beside the submissions and may be what is proposed"
    return _loaded(record.method)


def check_hyperparameters(submission: Submission, kind: type[Recipe]) -> Iterator[Problem]:
    """Check a record's hyper-parameters against their type.

    Args:
        submission: The run.
        kind: The method's recipe type.
    """
    values = submission.record.hyperparameters
    try:
        recipe = kind.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        for detail in error.errors()[:5]:
            place = ".".join(map(str, ("hyperparameters", *detail["loc"])))
            yield submission.about_record(place, _RULE, detail["msg"], repr(detail.get("input"))[:120])
        return
    resolved = recipe.model_dump(mode="json")
    if canonical_json(resolved) != canonical_json(values):
        odd = sorted(
            name for name in resolved.keys() | values.keys() if resolved.get(name) != values.get(name)
        )
        name = odd[0] if odd else ""
        yield submission.about_record(
            f"hyperparameters.{name}".rstrip("."), _RULE, repr(resolved.get(name)), repr(values.get(name))
        )


@cache
def _loaded(method: str) -> type[Recipe] | str:
    try:
        return methods()[method].load().recipe_type()
    except ImportError as error:
        return f"the method cannot be imported here: {error}"
