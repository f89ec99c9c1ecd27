"""``aqa-bench predict``: a saved model on files, or on a dataset."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aqa_bench.cli.completion import complete_dataset, complete_task
from aqa_bench.cli.options import Device, Json, Keypoints, Sandbox
from aqa_bench.cli.output import emit, number, say, table
from aqa_bench.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from aqa_bench.protocol.saved.document import ModelDocument
    from aqa_bench.protocol.saved.model import Judgement

__all__ = ["EXAMPLES", "predict"]

EXAMPLES = (
    "Examples:  aqa-bench predict model clip.mp4 other.mp4  |  "
    "aqa-bench predict model keypoints/*.npz --layout coco-17 --json  |  "
    "aqa-bench predict model --dataset pose-trainer/shoulder-press"
)


class Part(StrEnum):
    """Parts of a dataset's splits."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def predict(
    model: Annotated[Path, typer.Argument(help="Folder that run --save-model wrote.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Videos, images, keypoint files (docs/own-data.md), or folders of OpenPose JSON files."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(autocompletion=complete_dataset, help="Dataset id, instead of files.")
    ] = None,
    split: Annotated[
        Part, typer.Option(help="With --dataset: which part of its splits to judge.")
    ] = Part.TEST,
    task: Annotated[
        list[str] | None,
        typer.Option(autocompletion=complete_task, help="Task id; repeatable. Default: all that fit."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="Joint order of keypoint files that do not state it, or a CSV file that maps their joint "
            "names."
        ),
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(min=2, max=3, help="2 or 3, if the keypoint files do not say.")
    ] = None,
    keypoints: Keypoints = None,
    features: Annotated[
        Path | None, typer.Option(help="With --dataset: folder of features, for models that need them.")
    ] = None,
    device: Device = "auto",
    sandbox: Sandbox = False,
    as_json: Json = False,
) -> None:
    """Judge files, or a part of a dataset, with a saved model. Print the score, the decision at the saved
    threshold, and the share of val scores that are not above it."""
    from aqa_bench.core.errors import UsageError
    from aqa_bench.protocol.saved.dataset import judge_dataset
    from aqa_bench.protocol.saved.model import load_model
    from aqa_bench.protocol.worker.session import forked

    if bool(files) == (dataset is not None):
        raise UsageError(
            "Nothing to judge was given.",
            where="predict",
            expected="either FILE... or --dataset ID",
            found="both" if files else "neither",
        )
    launch = forked
    if sandbox:
        from aqa_bench.protocol.worker.sandbox import sandboxed

        launch = sandboxed()
    saved, progress = load_model(model), TerminalProgress(quiet=as_json)
    if dataset is None:
        judged = saved.judge_files(
            files or (),
            tasks=task or (),
            layout=layout,
            dimensions=dimensions,
            device=device,
            launch=launch,
            progress=progress,
        )
    else:
        judged = judge_dataset(
            saved,
            dataset,
            split.value,
            tasks=task or (),
            keypoints=None if keypoints is None else str(keypoints),
            features=None if features is None else str(features),
            device=device,
            launch=launch,
            progress=progress,
        )
    if as_json:
        return emit(_document(model, saved.document, judged))
    return _show(saved.document, judged)


def _document(folder: Path, document: ModelDocument, judged: list[Judgement]) -> dict[str, Any]:
    run = document.run
    names = ("sample", "task", "fold", "score", "threshold", "error", "val_share", "warnings")
    return {
        "model": str(folder),
        "run_id": run.run_id,
        "method": run.method,
        "dataset": run.dataset,
        "predictions": [{name: getattr(j, name) for name in names} for j in judged],
    }


def _show(document: ModelDocument, judged: list[Judgement]) -> None:
    run = document.run
    say(f"{run.method} ({run.recipe}, seed {run.seed}), trained on {run.dataset} ({run.scheme})")
    rows = []
    for j in judged:
        decision = "-" if j.error is None else "error" if j.error else "no error"
        share = "-" if j.val_share is None else f"{j.val_share:.0%}"
        task = j.task if j.fold is None else f"{j.task}, {j.fold}"
        rows.append([j.sample, task, number(j.score), decision, number(j.threshold), share])
    table(["sample", "task", "score", "decision", "threshold", "val not above"], rows)
    for text in dict.fromkeys(w for j in judged for w in j.warnings):
        names = list(dict.fromkeys(j.sample for j in judged if text in j.warnings))
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        typer.echo(f"warning: {names[0]}{others}: {text}", err=True)
    for saved in document.tasks:
        found = saved.measured
        if any(j.task == saved.task.id for j in judged):
            say(
                f"{saved.task.id}: on its own test samples {saved.primary} {number(found.value, 3)} "
                f"({number(found.low, 3)} to {number(found.high, 3)}), floor {number(saved.floor, 3)}"
            )
