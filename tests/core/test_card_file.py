from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.card_file import cards_beside, read_family, read_methods
from aqa_bench.core.cards import Decision, Regime
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.schemes import FOLDS
from aqa_bench.core.task import Modality

METHOD = """
id = "theirs"
name = "Theirs"
version = 2
paper = "ours"
summary = "s"
modality = "2D pose"
needs = ["keypoints"]
regime = "rules"
decision = "own"
factory = "inner.method:Theirs"
default_recipe = "paper"
"""
FAMILY = """
name = "theirs"
factory = "adapter:FAMILY"
licence = "none"
source = "here"
citation = "none"
access = "none"
tasks = ["form"]
schemes = ["official", "folds"]
provides = ["keypoints"]

[task.form]
name = "Form?"
kind = "binary"
unit = "sequence"
primary = "f1"

[scheme.official]
description = "as released"

[[dataset]]
id = "theirs/a"
name = "A"

[[dataset]]
id = "theirs/b"
name = "B"
tasks = ["form", "score"]
notes = ["odd"]

[dataset.task.score]
name = "Score?"
kind = "score"
unit = "clip"
primary = "spearman"

[dataset.scheme.official]
description = "with every label shown"
honest = false
"""


def write(folder: Path, text: str) -> Path:
    (folder / "card.toml").write_text(text)
    return folder


def test_a_method_is_what_its_card_says(tmp_path: Path) -> None:
    (plugin,) = read_methods(write(tmp_path, METHOD), "their.package")
    assert (plugin.factory, plugin.package) == ("their.package.inner.method:Theirs", "their.package.inner")
    assert (plugin.folder, plugin.default_recipe) == (tmp_path, "paper")
    card = plugin.card
    assert (card.id, card.version, card.needs) == ("theirs", 2, {Modality.KEYPOINTS})
    assert (card.regime, card.decision, card.stochastic) == (Regime.RULES, Decision.OWN, True)


def test_a_dataset_takes_what_stands_above_it_and_overrides_it(tmp_path: Path) -> None:
    family = read_family(write(tmp_path, FAMILY), "theirs")
    first, second = family.cards
    assert (family.name, family.factory, family.folder) == ("theirs", "theirs.adapter:FAMILY", tmp_path)
    assert first.licence == second.licence == "none"
    assert [scheme.id for scheme in first.schemes] == ["official", "folds"]
    assert first.schemes[1] == FOLDS
    assert (first.schemes[0].description, first.schemes[0].honest) == ("as released", True)
    assert (second.schemes[0].description, second.schemes[0].honest) == ("with every label shown", False)
    assert [task.id for task in first.tasks] == ["form"]
    assert [task.id for task in second.tasks] == ["form", "score"]
    assert (first.notes, second.notes) == ((), ("odd",))
    assert cards_beside(str(tmp_path / "cards.py")) == family.cards


@pytest.mark.parametrize(
    ("old", "new", "key", "expected", "found"),
    [
        ('id = "theirs"\n', "", "id", "required", "nothing"),
        ('id = "theirs"', 'id = "../theirs"', "id", "pattern", "'../theirs'"),
        ("version = 2", 'version = "2"', "version", "integer", "'2'"),
        ("version = 2", "version = true", "version", "integer", "True"),
        ("version = 2", "", "version", "required", "nothing"),
        ('["keypoints"]', '["keypoint"]', "needs.0", "'keypoints'", "'keypoint'"),
        ('["keypoints"]', '"keypoints"', "needs", "array", "'keypoints'"),
        ('regime = "rules"', 'regime = "frosen"', "regime", "frozen", "'frosen'"),
        ("needs =", "neds =", "neds", "the key needs", "['keypoints']"),
        ("decision =", "decison =", "decison", "the key decision", "'own'"),
        ("decision =", "zzz =", "zzz", "one of the keys id", "'own'"),
        ('"inner.method:Theirs"', '"os:system()"', "factory", "pattern", "'os:system()'"),
        ('"inner.method:Theirs"', '"..other:Theirs"', "factory", "pattern", "'..other:Theirs'"),
        ('factory = "inner.method:Theirs"', "", "factory", "required", "nothing"),
        ("version = 2", "version = 2\nmethod = 3", "method", "[[method]]", "3"),
        ("version = 2", "version = 2\nmethod = []", "method", "[[method]]", "[]"),
    ],
)
def test_a_mistake_in_a_methods_card_is_named(
    tmp_path: Path, old: str, new: str, key: str, expected: str, found: str
) -> None:
    assert METHOD.count(old) == 1
    check(tmp_path, read_methods, METHOD.replace(old, new), key, expected, found)


@pytest.mark.parametrize(
    ("old", "new", "key", "expected", "found"),
    [
        ('name = "theirs"', "", "name", "required", "nothing"),
        ('licence = "none"', "", "dataset.0.licence", "required", "nothing"),
        ('licence = "none"', "license = 1", "dataset.0.license", "the key licence", "1"),
        ('tasks = ["form"]', "", "dataset.0.tasks", "ids", "nothing"),
        ('tasks = ["form"]', 'tasks = ["from"]', "dataset.0.tasks", "form", "'from'"),
        ('tasks = ["form"]', 'tasks = ["form", "form"]', "dataset.0.tasks", "once", "'form'"),
        ('["official", "folds"]', '["offical"]', "dataset.0.schemes", "official", "'offical'"),
        ('["official", "folds"]', "[]", "dataset.0.schemes", "at least one", "[]"),
        ('primary = "f1"', "", "task.form.primary", "required", "nothing"),
        ('primary = "f1"', 'primry = "f1"', "task.form.primry", "the key primary", "'f1'"),
        ('primary = "f1"', 'primary = "f1"\nunits = "x"', "task.form.units", "the key unit", "'x'"),
        ("honest = false", 'honest = "no"', "dataset.1.scheme.official.honest", "boolean", "'no'"),
        ('description = "as released"', "", "scheme.official.description", "required", "nothing"),
        ("honest = false", "honesty = 1", "dataset.1.scheme.official.honesty", "the key honest", "1"),
        ('notes = ["odd"]', 'notes = "odd"', "dataset.1.notes", "array", "'odd'"),
        ('provides = ["keypoints"]', 'provides = ["x"]', "dataset.0.provides.0", "'keypoints'", "'x'"),
    ],
)
def test_a_mistake_in_a_datasets_card_is_named(
    tmp_path: Path, old: str, new: str, key: str, expected: str, found: str
) -> None:
    assert FAMILY.count(old) == 1
    check(tmp_path, read_family, FAMILY.replace(old, new), key, expected, found)


def check(folder: Path, read: Any, text: str, key: str, expected: str, found: str) -> None:
    with pytest.raises(AqaBenchError, match="invalid value") as caught:
        read(write(folder, text), "theirs")
    assert str(caught.value.where) == f"{folder / 'card.toml'} {key}"
    assert expected in str(caught.value.expected)
    assert caught.value.found == found


@pytest.mark.parametrize("text", [None, "id = ", "x = 1." * 40_000])
def test_a_card_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write(tmp_path, text)
    for read in (read_methods, read_family):
        with pytest.raises(AqaBenchError, match="cannot be read") as caught:
            read(tmp_path, "theirs")
        assert str(caught.value.where) == str(tmp_path / "card.toml")


@pytest.mark.parametrize("value", ["2020-01-01", "nan", "inf", "[[1], {a = 1979-05-27T07:32:00Z}]"])
def test_a_value_that_no_card_has_is_an_error_and_no_traceback(tmp_path: Path, value: str) -> None:
    with pytest.raises(AqaBenchError, match="invalid value"):
        read_methods(write(tmp_path, METHOD.replace("version = 2", f"version = {value}")), "theirs")
