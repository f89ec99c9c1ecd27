"""Is a run what the cards of its method and its dataset allow?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.submitted import Submission
from aqa_bench.boards.submission.weight_licences import weights_licence
from aqa_bench.core.card_file import CARD_FILE, read_methods
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.dataset_id import family_of
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.own import is_own
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe_file import read_recipes
from aqa_bench.core.registry import known_dataset, methods

__all__ = ["OWN_RULE", "check_cards", "check_licence", "check_version", "is_new_plugin"]

OWN_RULE = "boards only cover datasets that others can get; nobody could check results on your own data"
_CARD = "the record repeats the method's card"


def is_new_plugin(root: Path, kind: str, name: str) -> bool:
    """Whether the checkout around a folder of submissions brings a plug-in of that name.

    Args:
        root: The folder of submissions.
        kind: ``methods`` or ``datasets``.
        name: The plug-in's id.
    """
    return (root.parent / kind / name.replace("-", "_") / CARD_FILE).is_file()


def check_cards(submission: Submission, root: Path) -> Iterator[Problem]:
    """Check a record against the cards.

    Args:
        submission: The run.
        root: The folder of submissions; a method or dataset that is not installed may stand in the
            checkout around it.
    """
    record = submission.record
    card = known_dataset(record.dataset)
    for key, name in (("dataset", record.dataset), ("pool_dataset", record.pool_dataset or "")):
        if is_own(name):
            yield submission.about_record(key, OWN_RULE, "aqa-bench list datasets", name)
    if card is not None:
        yield from _check_dataset(submission, card)
    elif not is_new_plugin(root, "datasets", family_of(record.dataset)):
        yield submission.about_record(
            "dataset", "the dataset is known", "aqa-bench list datasets", record.dataset
        )
    if record.members:
        return
    plugin = methods().get(record.method) or _proposed(root, record.method)
    if plugin is not None:
        yield from _check_method(submission, plugin)
    else:
        yield submission.about_record(
            "method",
            "the method is known",
            f"aqa-bench list methods, or methods/{record.method.replace('-', '_')}/ in the same checkout",
            record.method,
        )


def check_version(submission: Submission) -> Iterator[Problem]:
    """Check that a new run is of today's version of its method: of an earlier one nobody has the code.

    Runs that were migrated are of the version that they were made with.
    """
    record, plugin = submission.record, methods().get(submission.record.method)
    if plugin is not None and record.migrated_from is None and record.method_version < plugin.card.version:
        yield submission.about_record(
            "method_version", "the method has this version", plugin.card.version, record.method_version
        )


def check_licence(submission: Submission) -> Iterator[Problem]:
    """Check that the licence of the weights that the run started from is stated."""
    if weights_licence(submission.record) is None:
        yield submission.about_record(
            "facts.weights_licence",
            "the licence of the weights is stated",
            "the name of the licence (ctx.report.weights_licence)",
            f"weights {submission.record.facts.get('weights')!r}, "
            f"pre-trained on {submission.record.pretrained_on!r}",
        )


def _proposed(root: Path, method: str) -> MethodPlugin | None:
    """A method that comes with the submission, as its card has it; none of its code is imported."""
    folder = root.parent / "methods" / method.replace("-", "_")
    try:
        found = read_methods(folder, folder.name)
    except AqaBenchError:
        return None
    return next((plugin for plugin in found if plugin.card.id == method), None)


def _check_dataset(submission: Submission, card: DatasetCard) -> Iterator[Problem]:
    record = submission.record
    if record.dataset != card.id:
        yield submission.about_record(
            "dataset", "the id does not name the default preset", card.id, record.dataset
        )
    tasks = {task.id for task in card.tasks}
    if not set(record.tasks) <= tasks:
        yield submission.about_record(
            "tasks", "the dataset has these tasks", sorted(tasks), sorted(set(record.tasks) - tasks)
        )
    schemes = {scheme.id: scheme for scheme in card.schemes}
    if record.scheme not in schemes:
        yield submission.about_record("scheme", "the dataset has this scheme", sorted(schemes), record.scheme)
    elif record.honest != schemes[record.scheme].honest:
        yield submission.about_record(
            "honest", "the scheme says whether it is honest", schemes[record.scheme].honest, record.honest
        )


def _check_method(submission: Submission, plugin: MethodPlugin) -> Iterator[Problem]:
    record, card = submission.record, plugin.card
    if not 1 <= record.method_version <= card.version:
        yield submission.about_record(
            "method_version", "the method has this version", f"1 to {card.version}", record.method_version
        )
    control = card.control or record.shuffled_labels
    if record.control != control:
        yield submission.about_record("control", "a control is marked as one", control, record.control)
    yield from _check_oracle(submission, card)
    if not card.stochastic and record.seed:
        yield submission.about_record("seed", _CARD, "0, because the method uses no randomness", record.seed)
    if record.method_version == card.version:
        for field in ("regime", "modality", "decision"):
            expected, found = getattr(card, field), getattr(record, field)
            if expected != found:
                yield submission.about_record(field, _CARD, expected, found)
    yield from _check_recipe(submission, plugin)


def _check_oracle(submission: Submission, method: MethodCard) -> Iterator[Problem]:
    """Exact data that the method cannot do without are named, and none that there are not."""
    record = submission.record
    dataset = known_dataset(record.dataset)
    if dataset is None:
        return
    exact = {str(name) for name in dataset.exact if record.keypoints is None or name != record.keypoints.kind}
    needed, said = exact & set(method.needs), set(record.oracle)
    if not needed <= said <= exact:
        expected = (
            f"{', '.join(sorted(needed)) or 'nothing'}, and nothing but {', '.join(sorted(exact)) or 'that'}"
        )
        yield submission.about_record("oracle", "an oracle is marked as one", expected, record.oracle)


def _check_recipe(submission: Submission, plugin: MethodPlugin) -> Iterator[Problem]:
    """The named recipe exists, and no other one fits while it does not.

    Its values may be overridden, so that a record that fits no recipe is one of its variants.
    """
    record = submission.record
    recipes = read_recipes(plugin.folder)
    if record.recipe not in recipes:
        yield submission.about_record(
            "recipe", "the recipe is the one that was run", " | ".join(recipes), record.recipe
        )
        return
    fitting = [name for name, each in recipes.items() if _fits(each.values, record.hyperparameters)]
    if fitting and record.recipe not in fitting:
        yield submission.about_record(
            "recipe", "the recipe is the one that was run", " or ".join(fitting), record.recipe
        )


def _fits(recipe: Mapping[str, Any], resolved: Mapping[str, Any]) -> bool:
    return all(key in resolved and resolved[key] == value for key, value in recipe.items())
