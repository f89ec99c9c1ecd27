"""The card of a saved model: a page for whoever finds the folder."""

from __future__ import annotations

from collections.abc import Iterable

from aqa_bench.core.task import TaskKind
from aqa_bench.protocol.saved.document import Input, ModelDocument, SavedTask

__all__ = ["card_of"]


def card_of(document: ModelDocument) -> str:
    """The card as Markdown: what it was trained on, what it reached, and what it must not be used for."""
    run = document.run
    parts = [
        f"# {run.method} on {run.dataset}",
        f"A fitted method of aqa-bench: `{run.method}` version {run.method_version}, recipe `{run.recipe}`, "
        f"seed {run.seed}. It is the model of run `{run.run_id}` (protocol {run.benchmark_version}).",
        "## Use",
        "```sh\naqa-bench predict . FILE...          # videos, images or keypoint files\n"
        f"aqa-bench predict . --dataset {run.dataset}   # its run's test samples, to the last digit\n"
        "```",
        '```python\nimport aqa_bench as aqa\n\nmodel = aqa.load_model(".")\nmodel.predict(["clip.mp4"])\n```',
        "Nothing in this folder is executed or unpickled: arrays are in safetensors files, "
        "everything else is JSON.",
        "## Measured",
        "On the test samples of its own run; the interval is the run's, 95% over groups.",
        _table(
            ["task", "metric", "value", "95% interval", "floor", "test samples", "fits"],
            (_measured(task) for task in document.tasks),
        ),
        "The floor is the score of blind guessing. If the interval of a value includes the floor, "
        "the model is not shown to have learned anything.",
        "## Input",
        _bullets(_input(document.input)),
        "## Trained on",
        _bullets(_trained(document)),
        "## Not for",
        _bullets(_limits(document)),
    ]
    if document.notes:
        parts += ["The dataset's card notes:", _bullets(document.notes)]
    return "\n\n".join(parts) + "\n"


def _measured(saved: SavedTask) -> list[str]:
    found = saved.measured
    interval = "-" if found.low is None or found.high is None else f"{found.low:.3f} to {found.high:.3f}"
    value, floor = ("-" if n is None else f"{n:.3f}" for n in (found.value, saved.floor))
    name = f"{saved.task.id} ({saved.task.name})"
    return [name, saved.primary, value, interval, floor, str(saved.tested), str(len(saved.folds))]


def _input(known: Input) -> Iterable[str]:
    yield f"It reads: {', '.join(known.read) or 'only the name of its dataset'}."
    for name, values in (
        ("Joint orders", known.layouts),
        ("Sides of pictures, pixels", known.sizes),
        ("Frames per sample", known.frames_read),
    ):
        if values:
            yield f"{name}: {', '.join(map(str, values))}."
    if known.region is not None:
        yield f"Its input is cropped to the lifter's {known.region}."


def _trained(document: ModelDocument) -> Iterable[str]:
    run, known = document.run, document.input
    yield f"{run.dataset}, scheme {run.scheme}; up to {known.samples} labelled samples per fit."
    yield f"Licence of the data: {document.licence}"
    for name, span in (
        ("Frames of a sample", known.length),
        ("Frames per second", known.fps),
        ("Width of pictures", known.width),
        ("Height of pictures", known.height),
    ):
        if span is not None:
            yield f"{name}: {span[0]:g} to {span[1]:g}."
    yield f"Its initial weights were trained on: {run.pretrained_on}."
    if run.pool_dataset is not None:
        yield f"Unlabelled samples: {run.pool_dataset}."


def _limits(document: ModelDocument) -> Iterable[str]:
    run = document.run
    yield (
        "Advice on health or training, and decisions about people. It was measured only on the samples "
        "above; nothing is known about other exercises, cameras, views or people."
    )
    yield "Samples that it was trained on: their scores measure nothing."
    if run.oracle:
        exact = ", ".join(run.oracle)
        yield f"Anything outside its generator: it reads the exact {exact}, which no camera provides."
    if not run.honest:
        yield "Any comparison: its scheme showed test labels to the method."
    if run.shuffled_labels:
        yield "Judging anything: its training labels were permuted, as a control."
    if run.control:
        yield "Judging movement: it is a control, which shows what can be reached without judging movement."
    kinds = {saved.task.kind for saved in document.tasks}
    if kinds != {TaskKind.SCORE}:
        yield (
            "Probabilities: its scores rank samples; its threshold was set on the run's val samples, or is "
            "its own."
        )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
