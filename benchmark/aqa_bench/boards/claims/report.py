"""All claims judged from submitted runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.claims.judge import ALPHA, decide, outcome
from aqa_bench.boards.claims.measure import Scorer
from aqa_bench.boards.claims.model import Claim, ClaimFile, Pair, claim_file
from aqa_bench.boards.claims.result import ClaimResult, ClaimsReport, Missing, Outcome, Verdict
from aqa_bench.boards.claims.rows import Place, Rows
from aqa_bench.boards.runs import SubmittedRun
from aqa_bench.core.dataset import Dataset
from aqa_bench.core.dataset_id import with_preset
from aqa_bench.core.progress import NullProgress, Progress
from aqa_bench.core.registry import known_dataset

__all__ = ["judge_claims"]

Opener = Callable[[str, Sequence[SubmittedRun]], Dataset | str]
"""Opens the dataset that runs are of, or says why they cannot be scored here."""


def judge_claims(
    runs: Sequence[SubmittedRun],
    opener: Opener,
    *,
    preset: str | None = None,
    file: ClaimFile | None = None,
    progress: Progress | None = None,
) -> ClaimsReport:
    """Judge every claim on generated and on real data.

    Args:
        runs: Submitted runs of the current protocol.
        opener: Opens the dataset of runs, or says why they cannot be scored here.
        preset: Preset of the generated data; by default the first of the file's that a claim has runs on.
        file: The claims; those of the package where None.
        progress: Where to report.

    Raises:
        DataError: A run is damaged.
    """
    file = claim_file() if file is None else file
    progress = NullProgress() if progress is None else progress
    session = _Session(file, runs, opener, file.presets if preset is None else (preset,))
    progress.start("claims", len(file.claims))
    found: list[tuple[Outcome | None, Outcome | None]] = []
    try:
        for claim in file.claims:
            found.append((session.on_twin(claim), session.on_real(claim)))
            progress.advance()
    finally:
        progress.close()
    twins, reals = (decide([pair[side] for pair in found]) for side in (0, 1))
    results = [
        ClaimResult(
            id=claim.id,
            source=file.sources[claim.source],
            place=claim.place,
            says=claim.says,
            note=claim.note,
            metric=claim.metric,
            equivalent_within=claim.equivalent_within,
            paired=claim.paired,
            twin=twin,
            real=real,
        )
        for claim, twin, real in zip(file.claims, twins, reals, strict=True)
    ]
    return ClaimsReport(
        version=BENCHMARK_VERSION, level=ALPHA, claims=tuple(results), unscored=dict(session.unscored)
    )


class _Session:
    """What judging claims shares."""

    def __init__(
        self, file: ClaimFile, runs: Sequence[SubmittedRun], opener: Opener, presets: Sequence[str]
    ) -> None:
        self._file, self._presets = file, presets
        self._rows = Rows(file, runs)
        self._runs, self._opener = runs, opener
        self._datasets: dict[str, Dataset] = {}
        self._scorer = Scorer(self._datasets)
        self.unscored: dict[str, str] = {}

    def on_twin(self, claim: Claim) -> Outcome | None:
        if not claim.twin:
            return None
        places = [Place(name, claim.scheme, False) for name in self._twins(claim)]
        pairs = [
            pair
            for pair in claim.pairs()
            if not any(self._file.contender(name).real_only for name in (pair.better, pair.worse))
        ]
        with_runs = (p for p in places if any(self._rows.sides(pair, p) for pair in pairs))
        return self._outcome(claim, pairs, next(with_runs, places[0]))

    def on_real(self, claim: Claim) -> Outcome | None:
        if not claim.real:
            return None
        return self._outcome(claim, claim.pairs(), Place(claim.real, claim.scheme, True))

    def _twins(self, claim: Claim) -> Iterator[str]:
        """Ids of the twin's data under the presets that there are; the first preset's where there is none."""
        named = [with_preset(claim.twin, preset) for preset in self._presets]
        cards = [known_dataset(name) for name in named]
        known = [card.id for card in cards if card is not None]
        yield from known or named[:1]

    def _outcome(self, claim: Claim, pairs: Sequence[Pair], place: Place) -> Outcome:
        rows = {pair: found for pair in pairs if (found := self._rows.sides(pair, place)) is not None}
        missing = {m: None for pair in pairs if pair not in rows for m in self._rows.missing(pair, place)}
        why = self._why_not(place, pairs, [run for row in rows.values() for side in row for run in side])
        if why:
            return Outcome(
                dataset=place.dataset,
                verdict=Verdict.NO_RUNS,
                why=why,
                comparisons=len(pairs),
                missing=_merged(missing),
            )
        measured = [
            self._scorer.measure(claim, pair, found, self._file.contender(pair.worse).printed)
            for pair, found in rows.items()
        ]
        judged = outcome(place.dataset, len(pairs), measured)
        return judged.model_copy(update={"missing": _merged(missing)})

    def _why_not(self, place: Place, pairs: Sequence[Pair], needed: Sequence[SubmittedRun]) -> str:
        """Why nothing can be measured; empty where it can."""
        if not self._rows.on(place, [pair.task for pair in pairs]):
            return f"no run of protocol {BENCHMARK_VERSION} on {place.dataset}, scheme {place.scheme}"
        if not needed:
            return "no comparison has runs of both sides"
        for name in sorted({run.record.dataset for run in needed}):
            if name not in self._datasets and name not in self.unscored:
                opened = self._opener(name, [run for run in self._runs if run.record.dataset == name])
                if isinstance(opened, Dataset):
                    self._datasets[name] = opened
                else:
                    self.unscored[name] = opened
            if name in self.unscored:
                return f"runs on {name} cannot be scored here: {self.unscored[name]}"
        return ""


def _merged(missing: Sequence[Missing] | dict[Missing, None]) -> tuple[Missing, ...]:
    """Commands that differ in their task alone as one."""
    merged: dict[tuple[str, str], list[str]] = {}
    for item in missing:
        head, mark, rest = item.command.partition(" --task ")
        task, _, tail = rest.partition(" ")
        key = item.name, f"{head}{{}} {tail}".rstrip() if mark else head
        merged.setdefault(key, [])
        if mark and task not in merged[key]:
            merged[key].append(task)
    return tuple(
        Missing(name=name, command=command.replace("{}", "".join(f" --task {t}" for t in tasks), 1))
        for (name, command), tasks in merged.items()
    )
