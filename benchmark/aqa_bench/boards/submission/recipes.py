"""Are a record's hyper-parameters those of the method's own recipe type?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.plugin import is_changed
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.registry import methods

__all__ = ["RecipeDesk", "RecipeReader", "recipe_owner"]

RecipeReader = Callable[[MethodPlugin, Mapping[str, Any]], list[tuple[str, str, str]]]
"""Has a method's own model check hyper-parameters, elsewhere: place, what is expected and found, of each that
does not fit. Raises an AqaBenchError where the method cannot be imported."""
_RULE = "hyper-parameters are those of the method's recipe"


class RecipeDesk:
    """Checks hyper-parameters by their method's model, each set of values once.

    Args:
        reader: Runs the model, which is code of the method, in another process; None where there is none.
    """

    def __init__(self, reader: RecipeReader | None) -> None:
        self._reader = reader
        self._known: dict[tuple[str, str], list[tuple[str, str, str]] | str] = {}

    def check(self, submission: Submission, plugin: MethodPlugin) -> list[Problem] | str:
        """What does not fit, or why that is not known.

        Args:
            submission: The run.
            plugin: Its method, as :func:`recipe_owner` found it.
        """
        if self._reader is None:
            return "the method's recipe type was not available"
        values = submission.record.hyperparameters
        key = plugin.card.id, canonical_json(values)
        if key not in self._known:
            try:
                self._known[key] = self._reader(plugin, values)
            except AqaBenchError as error:
                self._known[key] = f"the method cannot be imported here: {error.found}"
        odd = self._known[key]
        return odd if isinstance(odd, str) else list(_problems(submission, odd))


def recipe_owner(submission: Submission, root: Path, base: str | None) -> MethodPlugin | str:
    """The method whose model has a record's hyper-parameters, or why they are not shown to it.

    The model is code of the method. It is run, in a worker, where that code is ours already: the installed
    one, or the checkout's where nothing of the method differs from ``base``. A method that comes with the
    submission is a stranger's code, and is never run.

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
        return f"the run used version {record.method_version} of the method, not {plugin.card.version}"
    folder = plugin.folder.resolve()
    if folder.is_relative_to(root.resolve().parent) and (base is None or is_changed(folder, base)):
        return "the method's code comes with the submissions and may be new"
    return plugin


def _problems(submission: Submission, odd: list[tuple[str, str, str]]) -> Iterator[Problem]:
    for place, expected, found in odd:
        yield submission.about_record(f"hyperparameters.{place}".rstrip("."), _RULE, expected, found)
