from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from aqa_bench.core.errors import DataError, MethodError
from aqa_bench.core.registry import open_dataset
from aqa_bench.core.sample import Media, Sample
from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.custody import Custodian, checked_scores
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"


class Named(Media):
    """Media that give the label away to whoever can see where they come from."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Named({self.path})"


class Telling:
    """A dataset whose ids, groups and order tell the label."""

    class card:  # noqa: N801
        id = "telling/data"

    def __init__(self, n: int = 200) -> None:
        kinds = ["bad" if i < n // 2 else "good" for i in range(n)]
        names = [f"{kind}_{i:03d}" for i, kind in enumerate(kinds)]
        self.names = names
        self.items = {name: Sample(name, f"group_{name}", Named(Path(f"/data/{name}.npy"))) for name in names}
        self.labels = {name: float(name.startswith("bad")) for name in names}

    def samples(self, task: str) -> Mapping[str, Sample]:
        return self.items

    def targets(self, task: str) -> Mapping[str, float]:
        return self.labels


def visible(thing: object, depth: int = 6) -> set[str]:
    """All texts that ordinary code finds in an object: its repr, its attributes and theirs."""
    if depth == 0 or isinstance(thing, type) or callable(thing):
        return set()
    texts = {repr(thing)}
    parts: list[object] = []
    if isinstance(thing, dict):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        parts = list(thing)
    elif not isinstance(thing, str | bytes | int | float | Path | np.ndarray):
        names = {*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())}
        names |= {name for name in dir(thing) if not name.startswith("__")}
        for name in names:
            try:
                parts.append(getattr(thing, name))
            except DataError:
                continue
    for part in parts:
        texts |= visible(part, depth - 1)
    return texts


def test_the_walk_would_find_a_label_that_is_not_sealed() -> None:
    sample = next(iter(Telling().items.values()))
    assert any("bad_000" in text for text in visible(sample))


def test_nothing_in_a_sealed_sample_tells_its_id_path_or_label() -> None:
    dataset = Telling()
    custodian = Custodian(dataset, "form")
    sealed = [*custodian.bare(dataset.names), *custodian.labeled(dataset.names).samples]
    for sample in sealed:
        for text in visible(sample):
            assert not any(word in text for word in ("bad_", "good_", "group_", "/data", ".npy")), text


def test_ids_are_told_apart_and_say_nothing() -> None:
    dataset = Telling()
    samples = Custodian(dataset, "form").bare(dataset.names)
    assert len({s.id for s in samples}) == len({s.group for s in samples}) == len(dataset.names)
    assert all(len(s.id) == 17 and int(s.id[1:], 16) >= 0 for s in samples)


def test_a_group_keeps_together_under_its_token() -> None:
    dataset = open_dataset(DATASET)
    names = list(dataset.samples("form"))
    samples = Custodian(dataset, "form").bare(names)
    known = [dataset.samples("form")[name].group for name in names]
    assert len({(s.group, g) for s, g in zip(samples, known, strict=True)}) == len(set(known))


def test_the_order_of_samples_does_not_tell_the_label() -> None:
    dataset = Telling(400)
    train = Custodian(dataset, "form").labeled(dataset.names)
    order = np.arange(len(train))
    assert abs(np.corrcoef(order, train.targets)[0, 1]) < 3 / np.sqrt(len(train))
    changes = np.count_nonzero(np.diff(train.targets))
    assert 160 < changes < 240


def test_the_order_is_the_same_every_time() -> None:
    dataset = Telling()
    orders = [Custodian(dataset, "form").available(names) for names in (dataset.names, dataset.names[::-1])]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(dataset.names)


def test_targets_belong_to_their_samples() -> None:
    dataset = open_dataset(DATASET)
    names = list(dataset.samples("form"))
    custodian = Custodian(dataset, "form")
    key_of = {s.media.content_key: dataset.targets("form")[i] for i, s in dataset.samples("form").items()}
    for sample, target in custodian.labeled(names):
        assert key_of[sample.media.content_key] == target


def test_samples_without_media_are_left_out() -> None:
    dataset = Telling()
    assert Custodian(dataset, "form").available([*dataset.names[:2], "not available"]) == tuple(
        Custodian(dataset, "form").available(dataset.names[:2])
    )


def test_an_unlabelled_sample_of_a_held_out_group_is_refused() -> None:
    dataset = Telling()
    custodian = Custodian(dataset, "form")
    first, second, third = (dataset.items[name] for name in dataset.names[:3])
    sibling = Sample("unlabelled", second.group, Media())
    assert len(custodian.pool([first, sibling], frozenset({third.id}), "here")) == 2
    for leak in ([first], [sibling]):
        with pytest.raises(DataError, match="overlap"):
            custodian.pool(leak, frozenset({first.id, second.id}), "here")


def test_where_groups_are_shared_the_pool_avoids_held_out_samples_alone() -> None:
    dataset = Telling()
    custodian = Custodian(dataset, "form")
    first, second = (dataset.items[name] for name in dataset.names[:2])
    sibling = Sample("unlabelled", second.group, Media())
    held_out = frozenset({first.id, second.id})
    assert len(custodian.pool([sibling], held_out, "here", shares_groups=True)) == 1
    with pytest.raises(DataError, match="overlap"):
        custodian.pool([sibling, first], held_out, "here", shares_groups=True)


@pytest.mark.parametrize(
    "trick", ["ask the registry", "ask the adapter", "ask in predict", "ask in a thread"]
)
def test_a_method_that_asks_for_labels_is_refused_and_leaves_nothing(
    resolved, tmp_path: Path, trick: str
) -> None:
    with pytest.raises(MethodError, match="custody") as caught:
        run(resolved("noise", f"trick={trick}"), tmp_path / "runs")
    assert "'noise'" in caught.value.what
    assert [p for p in (tmp_path / "runs").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("trick", "found"),
    [
        ("too few", "shape ("),
        ("too many", "shape ("),
        ("of another split", "shape ("),
        ("two columns", "shape ("),
        ("nan", "1 not finite, the first at index 3: nan"),
        ("inf", "1 not finite, the first at index 0: inf"),
        ("negative", "-0."),
        ("logits", " to "),
        ("text", "list"),
        ("nothing", "shape ()"),
        ("fail", "ZeroDivisionError: by design"),
        ("nan fact", "not JSON compliant"),
        ("odd fact", "object"),
        ("odd count", "'many'"),
        ("odd flops", "'many'"),
    ],
)
def test_a_method_that_breaks_its_contract_is_refused_and_leaves_nothing(
    resolved, tmp_path: Path, trick: str, found: str
) -> None:
    with pytest.raises(MethodError) as caught:
        run(resolved("noise", f"trick={trick}"), tmp_path / "runs")
    assert found in str(caught.value.found)
    assert str(caught.value.where) == f"{DATASET} form, r0f0"
    assert [p for p in (tmp_path / "runs").rglob("*") if p.is_file()] == []


def test_a_method_that_looks_for_an_adapter_that_lives_finds_none(resolved, tmp_path: Path) -> None:
    clean = run(resolved("noise"), tmp_path / "a").record
    looking = run(resolved("noise", "trick=ask what lives"), tmp_path / "b").record
    assert looking.predictions_sha256 == clean.predictions_sha256


def test_ids_are_salted_anew_and_neither_order_nor_groups_tell_the_run() -> None:
    dataset = open_dataset(DATASET)
    names = list(dataset.samples("form"))
    first, second = (Custodian(dataset, "form").labeled(names).samples for _ in range(2))
    assert not {s.id for s in first} & {s.id for s in second}
    assert not {s.group for s in first} & {s.group for s in second}
    assert [s.media.content_key for s in first] == [s.media.content_key for s in second]
    orders = [np.argsort([s.group for s in part], kind="stable").tolist() for part in (first, second)]
    assert orders[0] == orders[1], "what draws groups in their sorted order draws the same again"


def test_a_method_cannot_change_the_data_of_the_next(resolved, tmp_path: Path) -> None:
    clean = run(resolved("noise"), tmp_path / "a")
    before = open_dataset(DATASET).fingerprint()
    run(resolved("noise", "trick=overwrite"), tmp_path / "b")
    again = run(resolved("noise"), tmp_path / "c")
    assert open_dataset(DATASET).fingerprint() == before
    assert again.record.predictions_sha256 == clean.record.predictions_sha256


def test_scores_of_score_tasks_may_be_any_finite_number() -> None:
    np.testing.assert_array_equal(checked_scores([-3, 99.5], 2, TaskKind.SCORE, "m", "w"), [-3.0, 99.5])
    with pytest.raises(MethodError):
        checked_scores([0.0, np.nan], 2, TaskKind.SCORE, "m", "w")


def test_bounds_are_part_of_the_range() -> None:
    np.testing.assert_array_equal(checked_scores([0, 1], 2, TaskKind.BINARY, "m", "w"), [0.0, 1.0])
