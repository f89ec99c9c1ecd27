"""Pre-trainings on a pool, compared by their own task on clips that they did not learn from.

    python tools/pretext_trials.py --dataset synthetic-gym/backsquat@study --out trials.jsonl \\
        "cvcspc small" "cvcspc small lr=3e-3" "simsiam small"

A trial is a method, a recipe and settings. Nothing is fitted and no label is read: what is printed is the
pre-training's cost and its figures on held-out clips of the pool, before and after. Trials that the file
holds already are skipped, so a stopped run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

SHOWN = ("initial_triplet_accuracy_30", "triplet_accuracy_30", "effective_rank", "pretraining_losses")


def trial(name: str, dataset: str, seed: int) -> dict[str, Any]:
    """Pre-train once, and say what it cost and what it reached."""
    from aqa_bench.core.progress import NullProgress
    from aqa_bench.core.recipe import build_recipe
    from aqa_bench.protocol.custody import Custodian
    from aqa_bench.protocol.fitting import prepare_fit
    from aqa_bench.protocol.plan import Request, resolve

    method, recipe, *settings = name.split()
    resolved = resolve(
        Request(method=method, dataset=dataset, recipe=recipe, seed=seed, overrides=tuple(settings))
    )
    card, opened = resolved.plugin.card, resolved.dataset
    # The pool alone: what is labelled need not be rendered.
    opened.materialise(frozenset(), NullProgress(), (card.needs | card.one_of) & opened.card.provides)
    task = resolved.tasks[0]
    given = prepare_fit(
        resolved, task, resolved.splits[task.id][0], Custodian(resolved.dataset, task.id), "cpu"
    )
    kind = resolved.plugin.load()
    learner = kind(
        build_recipe(kind.recipe_type(), resolved.recipe.model_dump(mode="json"), resolved.recipe_name)
    )
    wall, cpu = time.perf_counter(), time.process_time()
    told = learner.prepare(given.pool, (), given.ctx)
    return {
        "trial": name,
        "dataset": dataset,
        "seed": seed,
        "clips": len(given.pool),
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "facts": told["facts"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trials", nargs="+", help='"METHOD RECIPE [key=value]..."')
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    done = set()
    if given.out.is_file():
        lines = map(json.loads, given.out.read_text(encoding="utf-8").splitlines())
        done = {(line["trial"], line["dataset"], line["seed"]) for line in lines}
    for name in given.trials:
        if (name, given.dataset, given.seed) in done:
            continue
        line = trial(name, given.dataset, given.seed)
        with given.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        shown = {key: line["facts"][key] for key in SHOWN if key in line["facts"]}
        sys.stdout.write(f"{name}: {line['cpu_s']} CPU s, {shown}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
