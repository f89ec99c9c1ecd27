"""What every method and every dataset of this checkout keeps to, whoever wrote it."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.guard import method_running
from aqa_bench.core.method import FitContext, Method
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.recipe import Recipe
from aqa_bench.core.recipe_file import load_recipe, recipe_names
from aqa_bench.core.registry import dataset_cards, find_family, methods, open_dataset
from aqa_bench.core.seeds import fit_seed
from aqa_bench.core.split import Split
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.fitting import Fitting
from aqa_bench.protocol.worker.hand import Hand
from aqa_bench.protocol.worker.recipes import Told
from aqa_bench.stats.metrics import METRICS

EMBEDDED = "stick-figures/shoulder-press"
METHODS = sorted(methods())
CARDS = sorted(dataset_cards())
SMALL = {
    "dive-classification": ("epochs=1", "head_epochs=2"),
    "pose-tdm": ("epochs=1",),
    "stgcn-ocsvm": ("epochs=1",),
}
"""Overrides that make a method's default recipe a matter of seconds."""


def sources(folder: Path) -> list[tuple[Path, ast.Module]]:
    return [(file, ast.parse(file.read_text(encoding="utf-8"))) for file in sorted(folder.rglob("*.py"))]


def imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def recipe_of(plugin: MethodPlugin) -> Recipe:
    recipe = load_recipe(plugin.folder, plugin.load().recipe_type(), plugin.default_recipe)
    known = type(recipe).model_fields
    wanted = [text for text in SMALL.get(plugin.card.id, ()) if text.partition("=")[0] in known]
    return recipe.with_overrides(wanted, plugin.card.id)


@pytest.fixture(params=METHODS)
def plugin(request: pytest.FixtureRequest) -> MethodPlugin:
    return methods()[request.param]


@pytest.fixture(params=CARDS)
def card(request: pytest.FixtureRequest) -> DatasetCard:
    return dataset_cards()[request.param]


class TestMethods:
    def test_the_card_is_complete(self, plugin: MethodPlugin) -> None:
        card = plugin.card
        assert card.version >= 1
        for text in (card.name, card.paper, card.summary, card.modality, card.pretrained_on):
            assert text.strip()
        assert card.tasks <= {kind.value for kind in TaskKind}
        assert card.tasks

    def test_every_recipe_can_be_read(self, plugin: MethodPlugin) -> None:
        names = recipe_names(plugin.folder)
        assert plugin.default_recipe in names
        for name in names:
            load_recipe(plugin.folder, plugin.load().recipe_type(), name)

    def test_it_lives_where_its_id_says(self, plugin: MethodPlugin) -> None:
        assert plugin.folder.name == plugin.card.id.replace("-", "_")
        assert plugin.package == f"aqa_bench.methods.{plugin.folder.name}"

    def test_its_factory_is_a_method_with_hyperparameters(self, plugin: MethodPlugin) -> None:
        kind = plugin.load()
        assert issubclass(kind, Method)
        assert kind.__module__.startswith(plugin.package)
        assert issubclass(kind.recipe_type(), Recipe)

    def test_it_imports_learn_media_and_core_alone(self, plugin: MethodPlugin) -> None:
        own = plugin.package
        for file, tree in sources(plugin.folder):
            rooms = {name for name in imports(tree) if name.startswith("aqa_bench")}
            allowed = ("aqa_bench.core", "aqa_bench.learn", "aqa_bench.media", own)
            strange = {n for n in rooms if not n.startswith(allowed) and n != "aqa_bench"}
            assert not strange, f"{file}: {strange}"

    def test_it_never_reads_the_registry(self, plugin: MethodPlugin) -> None:
        for file, tree in sources(plugin.folder):
            assert not any(n.startswith("aqa_bench.core.registry") for n in imports(tree)), file


def small_split(dataset: Dataset, task: str, scheme: str) -> Split:
    """The first split with a few samples of each class in every part."""
    split = next(iter(dataset.splits(task, scheme)))
    targets = dataset.targets(task)

    def few(ids: tuple[str, ...], n: int) -> tuple[str, ...]:
        return tuple(i for label in (0.0, 1.0) for i in [j for j in ids if targets[j] == label][:n])

    return dataclasses.replace(
        split, train=few(split.train, 4), val=few(split.val, 2), test=few(split.test, 3), leaked=()
    )


class TestFitting:
    """Fit and predict on a dozen drawn clips."""

    @pytest.fixture
    def bench(self, plugin: MethodPlugin, tmp_path: Path) -> SimpleNamespace:
        dataset = open_dataset(EMBEDDED)
        missing = plugin.card.needs - dataset.card.provides
        if missing:
            pytest.skip(f"no embedded dataset has {', '.join(sorted(missing))}")
        if plugin.card.one_of and not plugin.card.one_of & dataset.card.provides:
            pytest.skip(f"no embedded dataset has any of {', '.join(sorted(plugin.card.one_of))}")
        tasks = [task for task in dataset.card.tasks if plugin.card.can_judge(task)]
        if not tasks:
            pytest.skip("no embedded dataset has such a task")
        recipe = recipe_of(plugin)
        schemes = [s.id for s in dataset.card.schemes]
        scheme = recipe.scheme if recipe.scheme in schemes else schemes[0]
        custodian = Custodian(dataset, tasks[0].id)
        split = small_split(dataset, tasks[0].id, scheme)

        def given(seed: int) -> Fitting:
            pool = (
                custodian.pool(
                    dataset.unlabeled(tasks[0].id, frozenset((*split.val, *split.test))), frozenset(), "test"
                )
                if plugin.card.uses_pool
                else ()
            )
            ctx = FitContext(
                dataset=EMBEDDED,
                task=tasks[0],
                split=split.id,
                seed=fit_seed(EMBEDDED, plugin.card.id, seed, split.id),
                device="cpu",
                cache=tmp_path / f"cache{seed}",
                method=plugin.card.id,
            )
            train, val = custodian.labeled(split.train), custodian.labeled(split.val)
            return Fitting(train, val, pool[:12], ctx, "test")

        def scores(seed: int) -> tuple[np.ndarray, FitContext]:
            sets = given(seed)
            with method_running(plugin.card.id):
                predictor = plugin.load()(recipe).fit(sets.train, sets.val, sets.pool, sets.ctx)
                raw = predictor.predict(custodian.bare(split.test))
            return checked_scores(raw, len(split.test), tasks[0].kind, plugin.card.id, "test"), sets.ctx

        def by_worker(seed: int, keep: bool = False) -> np.ndarray:
            told = Told(recipe, plugin.load().prepare is not Method.prepare)
            hand, fitting, bare = Hand(plugin, told), given(seed), custodian.bare(split.test)
            found = hand.fit(fitting, bare, keep=keep)
            if not keep:
                return found.scores
            assert found.state is not None
            return hand.judge(fitting.ctx, "test", found.state, bare).scores

        return SimpleNamespace(scores=scores, by_worker=by_worker)

    def test_scores_keep_to_the_contract_and_repeat_under_a_seed(
        self, plugin: MethodPlugin, bench: SimpleNamespace
    ) -> None:
        first, ctx = bench.scores(0)
        facts = ctx.report.document()
        assert facts.get("parameters") is None or facts["parameters"] >= 0
        again, _ = bench.scores(0)
        np.testing.assert_array_equal(first, again)
        if not plugin.card.stochastic:
            np.testing.assert_array_equal(first, bench.scores(1)[0])

    def test_a_fresh_process_after_a_preparation_says_the_same(self, bench: SimpleNamespace) -> None:
        np.testing.assert_array_equal(bench.by_worker(0), bench.scores(0)[0])

    def test_what_was_saved_and_read_back_says_the_same(
        self, plugin: MethodPlugin, bench: SimpleNamespace
    ) -> None:
        if not plugin.load().saves():
            pytest.skip("it has no restore: run --save-model refuses it before anything is fitted")
        np.testing.assert_array_equal(bench.by_worker(0, keep=True), bench.scores(0)[0])


class TestDatasets:
    def test_the_card_is_complete(self, card: DatasetCard) -> None:
        for text in (card.name, card.licence, card.source, card.citation, card.access):
            assert text.strip()
        assert card.tasks
        assert card.schemes
        assert card.provides
        for things in (card.tasks, card.schemes):
            assert len({thing.id for thing in things}) == len(things)

    def test_every_metric_exists(self, card: DatasetCard) -> None:
        named = {metric for task in card.tasks for metric in (task.primary, *task.secondary)}
        named |= {scheme.primary for scheme in card.schemes if scheme.primary}
        assert named <= set(METRICS)

    def test_its_folder_has_a_readme_that_names_it(self, card: DatasetCard) -> None:
        readme = (find_family(card.id).folder / "README.md").read_text(encoding="utf-8")
        assert card.id in readme

    def test_it_lives_where_its_id_says(self, card: DatasetCard) -> None:
        family = find_family(card.id)
        assert family.folder.name == family.name.replace("-", "_")
        assert family.factory.startswith(f"aqa_bench.datasets.{family.folder.name}.")

    def test_it_imports_media_and_core_alone(self, card: DatasetCard) -> None:
        family = find_family(card.id)
        own = f"aqa_bench.datasets.{family.folder.name}"
        allowed = ["aqa_bench.core", "aqa_bench.media", own]
        allowed += ["aqa_bench.datasets.fitness_aqa"] if family.name == "synthetic-gym" else []
        for file, tree in sources(family.folder):
            strange = {
                n for n in imports(tree) if n.startswith("aqa_bench.") and not n.startswith(tuple(allowed))
            }
            assert not strange, f"{file}: {strange}"

    def test_an_unprepared_home_is_one_error_with_a_remedy(self, card: DatasetCard, tmp_path: Path) -> None:
        from aqa_bench.core.errors import DataError

        try:
            find_family(card.id).load().open(card.id, tmp_path / "nothing")
        except DataError as error:
            assert error.remedy  # noqa: PT017


def test_plugins_import_no_torch_and_no_reader() -> None:
    code = (
        "import sys\nfrom aqa_bench.core.registry import dataset_cards, methods\n"
        "methods(), dataset_cards()\n"
        "sys.exit(str({'torch', 'cv2', 'av', 'sklearn'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_opening_datasets_imports_no_torch() -> None:
    code = (
        "import sys\nfrom aqa_bench.core.registry import _families\n"
        "for family in _families().values(): family.load()\nsys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
