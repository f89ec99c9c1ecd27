"""The claims of the package: every id exists, and what their notes say of the papers' tables is so."""

from __future__ import annotations

import shlex
from fnmatch import fnmatchcase

import pytest
from pydantic import ValidationError

from aqa_bench.boards.claims.model import Claim, ClaimFile, claim_file
from aqa_bench.boards.claims.report import judge_claims
from aqa_bench.boards.claims.rows import pool_of, ways_of
from aqa_bench.boards.published import published
from aqa_bench.core.errors import UsageError
from aqa_bench.core.recipe_file import recipe_names
from aqa_bench.core.registry import find_dataset, find_method, find_scheme, find_task

FILE = claim_file()
CLAIMS = {claim.id: claim for claim in FILE.claims}
NAMES = sorted(
    {name for claim in FILE.claims for pair in claim.pairs() for name in (pair.better, pair.worse)}
)
AGAINST_ITSELF = "The paper's own table disagrees"
PRINTED_AS = {
    "pose": ("OpenPose-TDM", "OpenPose-TDM (SQ)"),
    "pose-own": ("OpenPose-TDM*",),
    "pose-spin": ("SPIN-TDM",),
    "pose-hmr": ("HMR-TDM",),
    "imagenet": ("ImageNet",),
    "simsiam": ("SimSiam",),
    "simsiam-sq": ("SimSiam (SQ)",),
    "pad": ("PAD",),
    "vanilla-pc": ("Vanilla PC",),
    "cvcspc": ("Ours CVCSPC",),
    "cvcspc-on-squats": ("Ours CVCSPC",),
    "cvcspc-sq": ("Ours CVCSPC (SQ)",),
    "cvcspc-ohp": ("Ours CVCSPC (OHP)",),
    "cvcspc-sq+ohp": ("Ours CVCSPC (SQ+OHP)",),
    "kinetics": ("Kinetics",),
    "videospeed-1": ("VideoSpeed-1",),
    "videospeed-2": ("VideoSpeed-2",),
    "videorot": ("VideoRot",),
    "temporalxform": ("TemporalXform",),
    "temporalxform-1": ("Ours TemporalXform-1",),
    "temporalxform-2": ("Ours TemporalXform-2",),
    "md": ("Ours MD",),
    "md+cvcspc": ("Ours MD + CVCSPC",),
}


def datasets_of(claim: Claim) -> list[str]:
    elsewhere = [name for comparison in claim.comparisons for name in comparison.better_on]
    return [name for name in (claim.real, claim.twin, *elsewhere) if name]


def test_every_numbered_claim_is_there() -> None:
    numbers = {name.rstrip("abc") for name in CLAIMS}
    assert {f"observation-{i}" for i in range(1, 8)} <= numbers
    assert {f"table-{i}" for i in (1, 3, 4, 5, 6)} <= numbers
    assert {f"skeleton-{i}" for i in (1, 2, 3)} <= numbers
    assert all(claim.real or claim.twin for claim in FILE.claims)


@pytest.mark.parametrize("claim", FILE.claims, ids=lambda claim: claim.id)
def test_a_claim_names_boards_that_exist_and_are_ranked_by_its_metric(claim: Claim) -> None:
    for name in datasets_of(claim):
        card = find_dataset(name)
        scheme = find_scheme(card, claim.scheme)
        assert scheme.honest
        for pair in claim.pairs():
            task = find_task(card, pair.task)
            assert (scheme.primary or task.primary) == claim.metric
    if claim.twin:
        assert find_dataset(claim.twin).presets


@pytest.mark.parametrize("name", NAMES)
def test_a_contender_is_a_method_with_recipes_that_exist(name: str) -> None:
    contender = FILE.contender(name)
    for member in contender.members:
        assert FILE.contender(member).method
    if not contender.method:
        assert contender.members or contender.printed is not None
        return
    recipes = recipe_names(find_method(contender.method).folder)
    ways = [way for budget in FILE.budgets for way in ways_of(FILE, name, budget)]
    assert ways
    for way in ways:
        assert any(fnmatchcase(recipe, way.recipe) for recipe in recipes)
    pools = {
        pool
        for claim in FILE.claims
        if any(name in pair for pair in claim.pairs())
        for dataset in datasets_of(claim)
        if (pool := pool_of(contender, dataset))
    }
    assert bool(pools) is bool(contender.pool)
    for pool in pools:
        find_dataset(pool)


def test_every_table_of_contenders_is_used() -> None:
    members = {member for contender in FILE.contenders.values() for member in contender.members}
    assert set(FILE.contenders) <= {*NAMES, *members}


def test_every_command_names_what_exists() -> None:
    report = judge_claims([], lambda name, runs: "none")
    outcomes = [o for claim in report.claims for o in (claim.twin, claim.real) if o is not None]
    assert all(o.missing for o in outcomes)
    for command in {m.command for o in outcomes for m in o.missing}:
        words = shlex.split(command)
        assert words[0] == "aqa-bench"
        if words[1] == "ensemble":
            assert all(FILE.contender(word.removeprefix("RUN-OF-")).method for word in words[2:])
            continue
        options = dict(zip(words[2::2], words[3::2], strict=True))
        plugin = find_method(options["--method"])
        card = find_dataset(options["--dataset"])
        assert options["--recipe"] in recipe_names(plugin.folder)
        find_task(card, options["--task"])
        find_scheme(card, options.get("--scheme", "official"))
        find_dataset(options.get("--pretrain-on", card.id))
        key, _, value = options.get("--set", "").partition("=")
        assert not key or (value and key in plugin.load().recipe_type().model_fields)


def test_notes_say_which_claims_the_printed_tables_contradict() -> None:
    """Table 1b is an equivalence, and the claims without a printed row are not in any table."""
    tables = {table.id: table for table in published().tables}
    contradicted, compared = set(), 0
    for claim in FILE.claims:
        table = tables.get(claim.id.removeprefix("table-").rstrip("abc") if "table-" in claim.id else "2")
        if table is None or claim.real != table.dataset or claim.equivalent_within is not None:
            continue
        rows = {row.printed_as: dict(zip(table.tasks, row.values, strict=True)) for row in table.rows}
        for pair in claim.pairs():
            sides = [
                next((rows[p][pair.task] for p in PRINTED_AS.get(name, ()) if p in rows), None)
                for name in (pair.better, pair.worse)
            ]
            if sides[0] is not None and sides[1] is not None:
                compared += 1
                if sides[0] <= sides[1]:
                    contradicted.add(claim.id)
    assert compared > 150
    noted = {claim.id for claim in FILE.claims if claim.note.startswith(AGAINST_ITSELF)}
    assert contradicted == noted


def test_the_printed_value_is_that_of_the_table() -> None:
    table = next(table for table in published().tables if table.id == "6")
    assert FILE.contender("earlier-self-supervised").printed in [row.values[0] for row in table.rows]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "nobody"}, "lists no source"),
        ({"paired": False}, "paired = false does not hold"),
        ({"comparisons": [{"better": ["a"], "worse": ["a"], "tasks": ["t"]}]}, "a contender with itself"),
        (
            {"comparisons": [{"better": ["a", "a"], "worse": ["b"], "tasks": ["t"]}]},
            "a comparison is repeated",
        ),
        ({"comparisons": []}, "at least 1"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    document = FILE.model_dump()
    document["claims"] = [CLAIMS["observation-4"].model_dump() | change]
    with pytest.raises(ValidationError, match=message):
        ClaimFile.model_validate(document)


def test_an_unknown_claim_gets_a_suggestion() -> None:
    assert FILE.claim("table-3c").metric == "f1"
    with pytest.raises(UsageError, match="observation-4"):
        FILE.claim("observation4")
