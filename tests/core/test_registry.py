from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqa_bench.core import registry
from aqa_bench.core.cards import MethodCard, Regime
from aqa_bench.core.dataset import DatasetPlugin
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError, MethodError, UsageError
from aqa_bench.core.guard import method_running
from aqa_bench.core.method import MethodPlugin
from aqa_bench.datasets.stick_figures.cards import CARD

Install = Callable[..., None]


class Entry:
    def __init__(self, name: str, thing: object) -> None:
        self.name, self.value, self._thing = name, f"thirdparty.{name}:THING", thing

    def load(self) -> object:
        if isinstance(self._thing, Exception):
            raise self._thing
        return self._thing


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    def add(group: str, **things: object) -> None:
        def entry_points(*, group: str = group, asked: str = group) -> list[Entry]:
            return [Entry(name, thing) for name, thing in things.items()] if group == asked else []

        monkeypatch.setattr(registry, "entry_points", lambda group: entry_points(group=group))
        registry.refresh()

    yield add
    monkeypatch.undo()
    registry.refresh()


def method(name: str) -> MethodPlugin:
    card = MethodCard(
        id=name,
        name=name,
        version=1,
        paper="ours",
        summary="s",
        modality="none",
        needs=frozenset(),
        regime=Regime.CONTROL,
    )
    return MethodPlugin(card, "thirdparty.method:Method")


def family(name: str, *ids: str, presets: tuple[str, ...] = ()) -> DatasetPlugin:
    cards = tuple(CARD.model_copy(update={"id": i, "presets": presets}) for i in ids)
    return DatasetPlugin(name, cards, "thirdparty:FAMILY")


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
    install("aqa_bench.methods", theirs=method("their-method"))
    assert registry.find_method("their-method").card.id == "their-method"
    install("aqa_bench.datasets", theirs=family("their-data", "their-data/a", "their-data/b"))
    assert {"their-data/a", "their-data/b"} <= registry.dataset_cards().keys()


def test_a_collision_names_both_sides(install: Install) -> None:
    install("aqa_bench.methods", theirs=method("constant"))
    with pytest.raises(AqaBenchError, match="claim the id 'constant'") as caught:
        registry.methods()
    assert "aqa_bench.methods.constant" in str(caught.value.where)
    assert "thirdparty.theirs:THING" in str(caught.value.where)


def test_a_dataset_cannot_take_the_id_of_another_family(install: Install) -> None:
    install("aqa_bench.datasets", theirs=family("theirs", CARD.id))
    with pytest.raises(AqaBenchError, match="unfit id") as caught:
        registry.dataset_cards()
    assert caught.value.found == CARD.id
    install("aqa_bench.datasets", theirs=family("theirs", "theirs/a", "theirs/a"))
    with pytest.raises(AqaBenchError, match="each id once"):
        registry.dataset_cards()
    install("aqa_bench.datasets", theirs=family("stick-figures", "stick-figures/other"))
    with pytest.raises(AqaBenchError, match="claim the id 'stick-figures'"):
        registry.dataset_cards()


@pytest.mark.parametrize("name", ["theirs/a@small", "theirs@small"])
def test_a_card_has_no_preset_in_its_id(install: Install, name: str) -> None:
    install("aqa_bench.datasets", theirs=family("theirs", name))
    with pytest.raises(AqaBenchError, match="unfit id"):
        registry.dataset_cards()


def test_presets_of_third_parties_are_found_by_id(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Family:
        def open(self, dataset: str, home: Path) -> str:
            opened.append(f"{home.name}: {dataset}")
            return dataset

    install("aqa_bench.datasets", theirs=family("theirs", "theirs/a", "theirs", presets=("big", "small")))
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
    assert (small.id, small.name) == ("theirs/a@small", f"{CARD.name} (small)")
    assert registry.known_dataset("theirs/a@small") == small
    assert registry.known_dataset("theirs/a@huge") is registry.known_dataset("theirs/b") is None
    assert registry.find_family("theirs@small").name == "theirs"
    assert list(registry.dataset_cards()).count("theirs/a") == 1


@pytest.mark.parametrize("preset", ["", "Wild", "a@b", "a/b", "../a", "a b"])
def test_a_preset_is_a_plain_word(preset: str) -> None:
    with pytest.raises(ValueError, match="presets"):
        DatasetCard.model_validate(CARD.model_dump() | {"presets": (preset,)})


@pytest.mark.parametrize(
    "error", [ImportError("no module named x"), AttributeError("THING"), NameError("x"), SyntaxError("bad")]
)
def test_a_broken_plugin_is_an_error_that_names_it(install: Install, error: Exception) -> None:
    install("aqa_bench.methods", theirs=error)
    with pytest.raises(AqaBenchError, match="cannot be imported") as caught:
        registry.methods()
    assert "thirdparty.theirs" in str(caught.value.where)
    assert str(error) in str(caught.value.found)


def test_a_plugin_of_the_wrong_kind_is_an_error(install: Install) -> None:
    install("aqa_bench.methods", theirs=family("a", "a/b"))
    with pytest.raises(AqaBenchError, match="not of the right kind") as caught:
        registry.methods()
    assert (caught.value.expected, caught.value.found) == ("MethodPlugin", "DatasetPlugin")


def test_datasets_do_not_open_while_a_method_runs() -> None:
    with method_running("cheat"), pytest.raises(MethodError):
        registry.open_dataset(CARD.id)


def test_listing_everything_imports_no_torch_and_no_reader() -> None:
    code = (
        "import sys; from aqa_bench.core import registry as r; r.methods(); r.dataset_cards();"
        "heavy = {'torch', 'torchvision', 'sklearn', 'scipy', 'pandas', 'av', 'cv2'} & set(sys.modules);"
        "late = [m for m in sys.modules if m.startswith(('aqa_bench.methods.', 'aqa_bench.datasets.'))"
        " and m.endswith(('.method', '.adapter'))];"
        "sys.exit(f'{heavy} {late}' if heavy or late else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
