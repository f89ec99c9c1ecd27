from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqa_bench.core import registry
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError, MethodError, UsageError
from aqa_bench.core.guard import method_running
from aqa_bench.core.plugin import DatasetPlugin
from aqa_bench.datasets.stick_figures.cards import CARD

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with that card; importing it is a failure."""
    monkeypatch.syspath_prepend(tmp_path)

    def add(kind: str, card: str, package: str = "thirdparty", value: str | None = None) -> Path:
        folder = tmp_path.joinpath(*package.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        for place in (folder, *folder.parents):
            if place != tmp_path and place.is_relative_to(tmp_path):
                (place / "__init__.py").write_text("raise SystemExit('imported')")
        (folder / "card.toml").write_text(card)
        info = tmp_path / "thirdparty-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[aqa_bench.{kind}]\ntheirs = {value or package}\n")
        registry.refresh()
        return folder

    yield add
    monkeypatch.undo()
    registry.refresh()


def method(name: str) -> str:
    return f"""
id = "{name}"
name = "Theirs"
version = 1
paper = "ours"
summary = "s"
modality = "none"
needs = []
regime = "control"
factory = "method:Method"
"""


def family(name: str, *ids: str, presets: tuple[str, ...] = ()) -> str:
    return f"""
name = "{name}"
factory = "adapter:FAMILY"
licence = "none"
source = "here"
citation = "none"
access = "none"
tasks = ["form"]
schemes = ["folds"]
provides = ["keypoints"]
presets = {list(presets)}
[task.form]
name = "Form?"
kind = "binary"
unit = "sequence"
primary = "f1"
""" + "".join(f'[[dataset]]\nid = "{each}"\nname = "{each}"\n' for each in ids)


def test_finds_what_the_checkout_has() -> None:
    assert {"constant", "prior", "duration", "pose-trainer-rules"} <= registry.methods().keys()
    assert CARD.id in registry.dataset_cards()
    assert list(registry.methods()) == sorted(registry.methods())


@pytest.mark.parametrize(
    ("look_up", "near"),
    [
        (lambda: registry.find_method("constnat"), "constant"),
        (lambda: registry.find_dataset("stick-figures/shoulder-pres"), "stick-figures/shoulder-press"),
        (lambda: registry.find_family("stick-figure/x"), "stick-figures"),
        (lambda: registry.find_dataset("synthetic-gym/diving@demi"), "demo"),
        (lambda: registry.find_dataset("synthetic-gym/divin@demo"), "synthetic-gym/diving"),
        (lambda: registry.find_task(CARD, "from"), "form"),
        (lambda: registry.find_scheme(CARD, "one-clas"), "one-class"),
        (lambda: registry.open_dataset("stick-figures/shoulderpress"), "stick-figures/shoulder-press"),
    ],
)
def test_a_miss_names_the_nearest_id_and_where_to_look(look_up: Callable[[], object], near: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{near}'") as caught:
        look_up()
    assert "aqa-bench" in str(caught.value.remedy)
    assert caught.value.exit_code == 2


def test_a_miss_far_from_everything_suggests_nothing() -> None:
    with pytest.raises(UsageError) as caught:
        registry.find_method("qqqqqq")
    assert "Did you mean" not in str(caught.value)


def test_plugins_of_third_parties_come_by_entry_point(install: Install) -> None:
    folder = install("methods", method("their-method"))
    found = registry.find_method("their-method")
    assert (found.folder, found.factory) == (folder, "thirdparty.method:Method")
    install("datasets", family("their-data", "their-data/a", "their-data/b"))
    assert {"their-data/a", "their-data/b"} <= registry.dataset_cards().keys()
    assert "thirdparty" not in sys.modules


def test_a_package_in_a_package_is_found_without_importing_either(install: Install) -> None:
    folder = install("methods", method("their-method"), "outer.inner.theirs")
    found = registry.find_method("their-method")
    assert (found.folder, found.package) == (folder, "outer.inner.theirs")
    assert "outer" not in sys.modules


def test_a_package_may_hold_several_methods(install: Install) -> None:
    text = (
        method("x").replace('id = "x"\n', "") + '[[method]]\nid = "one"\n[[method]]\nid = "two"\nname = "2"\n'
    )
    install("methods", text)
    assert [registry.find_method(name).card.name for name in ("one", "two")] == ["Theirs", "2"]


@pytest.mark.parametrize("value", ["thirdparty:METHOD", "elsewhere", "thirdparty.inner", "thirdparty..x"])
def test_an_entry_point_names_a_package_with_a_card(install: Install, value: str) -> None:
    install("methods", method("their-method"), value=value)
    with pytest.raises(AqaBenchError, match="cannot be found") as caught:
        registry.find_method("theirs")
    assert value in str(caught.value.where)
    assert "card.toml" in str(caught.value.expected)


def test_a_broken_card_breaks_its_own_plugin_alone(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    folder = install("methods", "id = ")
    assert "constant" in registry.methods()
    assert str(folder / "card.toml") in caplog.text
    with pytest.raises(AqaBenchError, match="A card cannot be read") as caught:
        registry.find_method("theirs")
    assert caught.value.where == str(folder / "card.toml")
    install("datasets", family("theirs", "theirs/a").replace("licence", "lisence"))
    assert CARD.id in registry.dataset_cards()
    for look_up in (registry.find_dataset, registry.find_family):
        with pytest.raises(AqaBenchError, match="invalid value"):
            look_up("theirs/a")
    assert registry.known_dataset("theirs/a") is None


def test_no_card_of_ours_is_broken() -> None:
    assert registry.broken("methods") == registry.broken("datasets") == {}


def test_a_collision_names_both_sides_and_leaves_the_others(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("methods", method("constant"))
    assert "prior" in registry.methods()
    assert "constant" not in registry.methods()
    assert "claim the id 'constant'" in caplog.text
    with pytest.raises(AqaBenchError, match="claim the id 'constant'") as caught:
        registry.find_method("constant")
    assert "methods/constant/card.toml" in str(caught.value.where)
    assert "theirs = thirdparty" in str(caught.value.where)


def test_a_dataset_cannot_take_the_id_of_another_family(install: Install) -> None:
    install("datasets", family("theirs", CARD.id))
    with pytest.raises(AqaBenchError, match="invalid id") as caught:
        registry.find_dataset("theirs/a")
    assert caught.value.found == CARD.id
    assert registry.find_dataset(CARD.id) == CARD
    install("datasets", family("theirs", "theirs/a", "theirs/a"))
    with pytest.raises(AqaBenchError, match="each id once"):
        registry.find_family("theirs")
    install("datasets", family("stick-figures", "stick-figures/other"))
    with pytest.raises(AqaBenchError, match="claim the id 'stick-figures'"):
        registry.find_dataset(CARD.id)
    assert registry.known_dataset(CARD.id) is None
    assert "synthetic-gym/diving" in registry.dataset_cards()


@pytest.mark.parametrize("name", ["theirs/a@small", "theirs@small"])
def test_a_card_has_no_preset_in_its_id(install: Install, name: str) -> None:
    install("datasets", family("theirs", name))
    with pytest.raises(AqaBenchError, match="invalid id"):
        registry.find_family("theirs")


def test_presets_of_third_parties_are_found_by_id(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Family:
        def open(self, dataset: str, home: Path) -> str:
            opened.append(f"{home.name}: {dataset}")
            return dataset

    install("datasets", family("theirs", "theirs/a", "theirs", presets=("big", "small")))
    monkeypatch.setattr(DatasetPlugin, "load", lambda self: Family())
    for asked in ("theirs/a", "theirs/a@big", "theirs/a@small", "theirs@small"):
        registry.open_dataset(asked)
    assert opened == [
        "theirs: theirs/a",
        "theirs: theirs/a",
        "theirs: theirs/a@small",
        "theirs: theirs@small",
    ]
    small = registry.find_dataset("theirs/a@small")
    assert (small.id, small.name) == ("theirs/a@small", "theirs/a (small)")
    assert registry.known_dataset("theirs/a@small") == small
    assert registry.known_dataset("theirs/a@huge") is registry.known_dataset("theirs/b") is None
    assert registry.find_family("theirs@small").name == "theirs"
    assert list(registry.dataset_cards()).count("theirs/a") == 1


@pytest.mark.parametrize("preset", ["", "Wild", "a@b", "a/b", "../a", "a b"])
def test_a_preset_is_a_plain_word(preset: str) -> None:
    with pytest.raises(ValueError, match="presets"):
        DatasetCard.model_validate(CARD.model_dump() | {"presets": (preset,)})


def test_datasets_do_not_open_while_a_method_runs() -> None:
    with method_running("cheat"), pytest.raises(MethodError):
        registry.open_dataset(CARD.id)


def test_listing_everything_imports_no_plugin_and_nothing_heavy() -> None:
    code = (
        "import sys; from aqa_bench.core import registry as r; r.methods(); r.dataset_cards();"
        "heavy = {'torch', 'numpy', 'sklearn', 'scipy', 'pandas', 'av', 'cv2'} & set(sys.modules);"
        "late = [m for m in sys.modules if m.startswith(('aqa_bench.methods.', 'aqa_bench.datasets.'))];"
        "sys.exit(f'{heavy} {late}' if heavy or late else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
