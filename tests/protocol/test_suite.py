from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.core.recipe_file import recipe_names
from aqa_bench.core.registry import find_dataset, find_method
from aqa_bench.protocol.plan import Request, fits
from aqa_bench.protocol.suite import find_suite, plan_jobs, read_suite, shipped_suites

DATASET = "stick-figures/shoulder-press"


def planned(tmp_path: Path, text: str) -> list[Request]:
    file = tmp_path / "suite.toml"
    file.write_text(text)
    return plan_jobs(read_suite(file))


def test_a_block_is_a_product(plugins, tmp_path: Path) -> None:
    jobs = planned(
        tmp_path,
        """
        about = "Everything."
        [[block]]
        datasets = ["stick-figures/*"]
        methods = ["noise", "steady"]
        schemes = ["folds", "one-class"]
        seeds = [0, 1]
        set = ["shift=1"]
        """,
    )
    assert [(j.method, j.scheme, j.seed) for j in jobs] == [
        ("noise", "folds", 0),
        ("noise", "folds", 1),
        ("noise", "one-class", 0),
        ("noise", "one-class", 1),
        ("steady", "folds", 0),
        ("steady", "one-class", 0),
    ]
    assert {j.dataset for j in jobs} == {DATASET}
    assert {j.overrides for j in jobs} == {("shift=1",)}


def test_a_preset_is_part_of_an_id_and_of_a_pattern(plugins, tmp_path: Path) -> None:
    def datasets(*patterns: str) -> list[str]:
        named = ", ".join(f'"{pattern}"' for pattern in patterns)
        text = f'[[block]]\ndatasets = [{named}]\nmethods = ["constant"]\n'
        return [job.dataset for job in planned(tmp_path, text)]

    # Datasets without that preset are left out of a pattern.
    assert datasets("*/backsquat@tiny") == ["synthetic-gym/backsquat@tiny"]
    assert len(datasets("synthetic-gym/*@tiny")) == 4
    assert datasets("synthetic-gym/diving@demo", "synthetic-gym/diving") == ["synthetic-gym/diving"]
    for unknown in ("synthetic-gym/diving@tin", "synthetic-gym/*@tin"):
        with pytest.raises(UsageError, match="Did you mean 'tiny'"):
            datasets(unknown)
    with pytest.raises(UsageError, match="has no presets"):
        datasets(f"{DATASET}@tiny")


def test_jobs_that_two_blocks_name_are_planned_once(plugins, tmp_path: Path) -> None:
    block = f'[[block]]\ndatasets = ["{DATASET}"]\nmethods = ["noise"]\n'
    assert len(planned(tmp_path, block + block)) == 1
    assert len(planned(tmp_path, block + block + "seeds = [0, 1]\n")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[block]\n", "line"),
        ("", "block"),
        ("[[block]]\ndatasets = []\nmethods = ['noise']\n", "datasets"),
        ("[[block]]\ndatasets = ['x']\n", "methods"),
        ("[[block]]\ndatasets = ['x']\nmethods = ['noise']\nseed = [1]\n", "seed"),
        ("[[block]]\ndatasets = ['stick-figures/*']\nmethods = ['nosie']\n", "Did you mean 'noise'"),
        ("[[block]]\ndatasets = ['stick-figure/*']\nmethods = ['noise']\n", "There is no dataset"),
        (
            "[[block]]\ndatasets = ['stick-figures/*']\nmethods = ['noise']\nschemes = ['fold']\n",
            "Did you mean 'folds'",
        ),
    ],
)
def test_a_suite_that_cannot_be_planned_is_a_usage_error(
    plugins, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        planned(tmp_path, text)


def test_a_suite_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UsageError):
            read_suite(path)


def test_a_pattern_leaves_out_methods_that_cannot_be_run(plugins, tmp_path: Path) -> None:
    block = '[[block]]\ndatasets = ["{}"]\nmethods = ["scorer", "noise"]\n'
    assert [j.method for j in planned(tmp_path, block.format("stick-figures/*"))] == ["noise"]
    assert [j.method for j in planned(tmp_path, block.format(DATASET))] == ["scorer", "noise"]


def test_a_suite_is_a_path_or_the_name_of_a_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.touch()
    assert find_suite(str(file)) == file
    assert {"smoke", "study"} <= shipped_suites().keys()
    assert find_suite("smoke") == shipped_suites()["smoke"]
    with pytest.raises(UsageError, match="Did you mean 'smoke'"):
        find_suite("smok")


@pytest.mark.parametrize("name", shipped_suites())
def test_every_shipped_suite_can_be_planned_and_says_what_it_is_for(name: str) -> None:
    suite = read_suite(shipped_suites()[name])
    assert suite.about
    assert plan_jobs(suite)


@pytest.mark.parametrize("name", shipped_suites())
def test_every_job_of_a_shipped_suite_fits_its_cards(name: str) -> None:
    for job in plan_jobs(read_suite(shipped_suites()[name])):
        plugin, card = find_method(job.method), find_dataset(job.dataset)
        assert fits(plugin.card, card, job.tasks), job
        assert job.recipe in (None, *recipe_names(plugin.folder)), job
        assert job.pretrain_on is None or plugin.card.uses_pool, job
