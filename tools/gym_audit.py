"""What nuisances tell of the gym's labels, and how large a difference between methods its test parts show.

    python tools/gym_audit.py --preset study          # annotates, draws first frames at 32 px, writes both
    python tools/gym_audit.py --table                 # writes the table of the card again, from the JSON

Clips are the labelled ones; the only pixels that are read are those of the first frame, as 8 x 8 means. A
task of stills is audited by the labels of clips, from which those of stills follow. The score of a dive is
audited within its difficulty, which tells much of it by the rules of the sport.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from detectable import BETWEEN, BY_CLIP, BY_GROUP, TRIALS, binary, ranked
from gym_clips import TELLING, Described, describe, describe_dive
from leakage import PROBES, Found, audit, auroc
from scipy.stats import rankdata

from aqa_bench.core.files import pretty_json, write_atomic
from aqa_bench.core.paths import data_home
from aqa_bench.datasets.synthetic_gym.adapter import FAMILY, SyntheticGym
from aqa_bench.datasets.synthetic_gym.diving.adapter import SyntheticDiving
from aqa_bench.datasets.synthetic_gym.diving.plan import plan_dives
from aqa_bench.datasets.synthetic_gym.diving.presets import DIVING_VERSION
from aqa_bench.datasets.synthetic_gym.parallel import results_of
from aqa_bench.datasets.synthetic_gym.plan import plan_clips
from aqa_bench.datasets.synthetic_gym.presets import EXERCISES, GENERATOR_VERSION, Exercise

Floats = npt.NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
CARD = ROOT / "datasets" / "synthetic_gym" / "README.md"
MARKS = ("<!-- audit: written by tools/gym_audit.py -->", "<!-- end of audit -->")
PERMUTATIONS, LIMIT = 300, 3.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the audit, or write its table alone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="study")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--table", action="store_true", help="write the card's table from the JSON")
    asked = parser.parse_args(argv)
    file = measured_file(asked.preset)
    if not asked.table:
        write_atomic(file, pretty_json(measure(asked.preset, asked.jobs)))
        print(file)
    text = CARD.read_text(encoding="utf-8")
    write_atomic(CARD, with_table(text, json.loads(file.read_text(encoding="utf-8"))))
    return 0


def measured_file(preset: str) -> Path:
    """Where the numbers of a preset are kept."""
    return ROOT / "docs" / "measured" / f"gym-audit-{preset}.json"


def measure(preset: str, jobs: int) -> dict[str, Any]:
    """The audit of a preset as a JSON document."""
    begun = time.process_time()
    tasks: dict[str, Any] = {}
    for exercise in EXERCISES:
        clips = results_of(describe, plan_clips(preset, exercise, "labelled"), jobs)
        opened = FAMILY.open(f"synthetic-gym/{exercise}@{preset}", data_home() / "synthetic-gym")
        assert isinstance(opened, SyntheticGym)
        tasks |= _exercise(exercise, clips, opened)
        print(f"{exercise}: {len(clips)} clips", file=sys.stderr)
    dives = results_of(describe_dive, plan_dives(preset), jobs)
    diving = FAMILY.open(f"synthetic-gym/diving@{preset}", data_home() / "synthetic-gym")
    assert isinstance(diving, SyntheticDiving)
    tasks |= _dives(dives, diving)
    return {
        "schema": 1,
        "preset": preset,
        "generator": GENERATOR_VERSION,
        "generator of dives": DIVING_VERSION,
        "command": f"python tools/gym_audit.py --preset {preset}",
        "probes": [f"{kernel} {ridge:g}" for kernel, ridge in PROBES],
        "permutations": PERMUTATIONS,
        "limit": LIMIT,
        "detectable": {
            "correlation of methods": BETWEEN,
            "shared by a day": BY_GROUP,
            "shared by a clip": BY_CLIP,
            "trials": TRIALS,
        },
        "cpu seconds of the parent": round(time.process_time() - begun, 1),
        "tasks": tasks,
    }


def _exercise(exercise: Exercise, clips: Sequence[Described], opened: SyntheticGym) -> dict[str, Any]:
    targets = {task.id: np.array([clip.targets[task.id] for clip in clips]) for task in opened.card.tasks}
    reports = _reports(clips, targets, np.zeros(len(clips)), auroc, "auroc")
    for task, report in reports.items():
        (split,) = opened.splits(task, "official")
        known = opened.targets(task)
        parts = [name.split("_") for name in split.test]
        days, whole = np.array([part[0] for part in parts]), np.array(["_".join(part[:2]) for part in parts])
        answers = np.array([known[name] for name in split.test])
        report["test"] = asdict(binary(answers, days, whole))
    return {f"{exercise} {task}": report for task, report in reports.items()}


def _dives(dives: Sequence[Described], opened: SyntheticDiving) -> dict[str, Any]:
    scores = np.array([dive.targets["score"] for dive in dives])
    difficulty = np.array([dive.targets["difficulty"] for dive in dives])

    def within(targets: Floats, found: Floats) -> Floats:
        return _within(targets, found, difficulty)

    (report,) = _reports(dives, {"score": scores}, difficulty, within, "spearman within difficulty").values()
    (split,) = opened.splits("score", "official")
    known = opened.targets("score")
    answers = np.array([known[name] for name in split.test])
    events = np.array([name.partition("_")[0] for name in split.test])
    return {"diving score": report | {"test": asdict(ranked(answers, events, np.array(split.test)))}}


def _reports(
    clips: Sequence[Described],
    targets: Mapping[str, Floats],
    strata: Floats,
    statistic: Callable[[Floats, Floats], Floats],
    metric: str,
) -> dict[str, dict[str, Any]]:
    """Probes of every set of features for every task; targets are permuted within strata."""
    rng, columns = np.random.default_rng(0), {}
    for task, known in targets.items():
        columns[task] = np.repeat(known[:, None], 1 + PERMUTATIONS, 1)
        for stratum in np.unique(strata):
            at = np.flatnonzero(strata == stratum)
            columns[task][at, 1:] = rng.permuted(columns[task][at, 1:], axis=0)
    groups = np.array([clip.group for clip in clips])
    sets = {name: np.stack([clip.features[name] for clip in clips]) for name in clips[0].features}
    telling = {name: values for name, values in sets.items() if name in TELLING}
    others = {name: values for name, values in sets.items() if name not in TELLING}
    nuisances, design = (audit(each, groups, columns, statistic) for each in (others, telling))
    return {
        task: {
            "metric": metric,
            "clips": len(clips),
            "groups": len(np.unique(groups)),
            "nuisances": {name: _rounded(found) for name, found in nuisances[task][0].items()},
            "chance of the farthest": round(nuisances[task][1], 4),
            "leaks": sorted(name for name, found in nuisances[task][0].items() if found.z > LIMIT),
            "told by design": {name: _rounded(found) for name, found in design[task][0].items()},
        }
        for task in targets
    }


def _rounded(found: Found) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(found).items()}


def _within(targets: Floats, found: Floats, strata: Floats) -> Floats:
    """Spearman's correlation within strata by columns, strata weighted by size."""
    total, size = np.zeros(targets.shape[1]), 0
    for stratum in np.unique(strata):
        at = strata == stratum
        ranks = [rankdata(values[at], axis=0) for values in (targets, found)]
        first, second = ((r - r.mean(0)) / np.maximum(r.std(0), 1e-12) for r in ranks)
        total += at.sum() * (first * second).mean(0)
        size += int(at.sum())
    return total / size


def table(document: Mapping[str, Any]) -> str:
    """The audit as Markdown: what nuisances tell, what is known by design, what a test part can show."""
    lines = ["| task | " + " | ".join(_NUISANCES) + " | largest, in sd | chance of it |"]
    lines.append("|---|" + "---|" * (len(_NUISANCES) + 2))
    for task, found in document["tasks"].items():
        told = found["nuisances"]
        cells = [_number(told[name]["value"]) if name in told else "-" for name in _NUISANCES]
        far = max(each["z"] for each in told.values())
        lines.append(f"| {task} | {' | '.join(cells)} | {far:.1f} | {found['chance of the farthest']:.2f} |")
    lines += [
        "",
        "| task | known by design | test samples | errors | clips | days | difference shown |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for task, found in document["tasks"].items():
        told = ", ".join(f"{k} {_number(v['value'])}" for k, v in found["told by design"].items())
        test = found["test"]
        shown = ", ".join(f"{name} {_number(value)}" for name, value in test["differences"].items())
        counts = [test["samples"], test["positive"], test["clips"], test["groups"]]
        cells = ["-" if count is None else f"{count:,}" for count in counts]
        lines.append(f"| {task} | {told} | {' | '.join(cells)} | {shown} |")
    return "\n".join(lines)


def with_table(text: str, document: Mapping[str, Any]) -> str:
    """The card with the table in its place."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f"{before}{MARKS[0]}\n\n{table(document)}\n\n{MARKS[1]}{after}"


_NUISANCES = (
    *("tempo", "elevation curve", "azimuth", "distance", "colours", "furniture", "body", "first frame"),
)


def _number(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


if __name__ == "__main__":
    sys.exit(main())
