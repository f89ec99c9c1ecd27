"""The folder of a saved model: one file of arrays for each fit, one that they share, document and card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError, UsageError
from aqa_bench.core.files import sha256_bytes, sha256_file
from aqa_bench.core.sealed import Damaged
from aqa_bench.core.state import State, pack_state, read_state
from aqa_bench.protocol.saved.document import MODEL_FILE, ModelDocument, read_document

__all__ = [
    "CARD_FILE",
    "FINDER_FILE",
    "SHARED_FILE",
    "check_target",
    "checked_file",
    "is_model_of",
    "read_fold",
    "state_file",
    "write_states",
]

CARD_FILE = "README.md"
SHARED_FILE = "shared.safetensors"
FINDER_FILE = "lifter.finder"


def state_file(folder: Path, task: str, split: str) -> Path:
    """The file of one fit."""
    return folder / task / f"{split}.safetensors"


def check_target(folder: Path, *, force: bool) -> None:
    """Refuse a folder that must not be replaced.

    Args:
        folder: Where a model shall be saved.
        force: Whether a saved model there gives way.

    Raises:
        UsageError: Something else is there, or a model and ``force`` is not set.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    is_model = folder.is_dir() and (folder / MODEL_FILE).is_file()
    if not (is_model and force):
        raise UsageError(
            "The folder for the model is already in use.",
            where=folder,
            expected="no such folder, or an empty one",
            found="another saved model" if is_model else "something else",
            remedy="Name another folder" + (", or replace it with --force." if is_model else "."),
        )


def write_states(
    folder: Path, files: Mapping[tuple[str, str], Path]
) -> tuple[dict[tuple[str, str], str], str | None]:
    """Write the states of all fits; arrays that all of them have alike are written once.

    Args:
        folder: The model's folder.
        files: Files of states by task and split.

    Returns:
        Digests by task and split, and that of the shared file; None where nothing is shared.

    Raises:
        AqaBenchError: A state cannot be read or written.
    """
    shared = _shared(files.values())
    digests = {}
    for (task, split), file in files.items():
        state = read_state(file)
        own = {name: array for name, array in state.arrays.items() if name not in shared.arrays}
        digests[task, split] = _written(state_file(folder, task, split), State(state.facts, own))
    return digests, _written(folder / SHARED_FILE, shared) if shared.arrays else None


def read_fold(folder: Path, document: ModelDocument, task: str, split: str) -> State:
    """The state of one fit.

    Raises:
        Damaged: A file is missing, or not the one that the document names.
    """
    wanted = {f.split: f.sha256 for t in document.tasks if t.task.id == task for f in t.folds}[split]
    own = _checked(state_file(folder, task, split), wanted)
    if document.shared is None:
        return own
    shared = _checked(folder / SHARED_FILE, document.shared)
    return State(own.facts, {**shared.arrays, **own.arrays})


def is_model_of(folder: Path, run_id: str, predictions_sha256: str) -> bool:
    """Whether a folder holds the whole model of a run with these predictions."""
    try:
        document = read_document(folder)
        for saved in document.tasks:
            for fold in saved.folds:
                read_fold(folder, document, saved.task.id, fold.split)
        if document.finder is not None:
            checked_file(folder / FINDER_FILE, document.finder.sha256)
    except AqaBenchError:
        return False
    return (document.run.run_id, document.run.predictions_sha256) == (run_id, predictions_sha256)


def _shared(files: Iterable[Path]) -> State:
    """What the first state has and all others have alike; nothing where there is only one."""
    first, *others = files
    kept = dict(read_state(first).arrays) if others else {}
    digests = {name: _digest(State({}, {name: array})) for name, array in kept.items()}
    for file in others:
        arrays = read_state(file).arrays
        kept = {
            name: array
            for name, array in kept.items()
            if name in arrays and _digest(State({}, {name: arrays[name]})) == digests[name]
        }
    return State({}, kept)


def _digest(state: State) -> str:
    return sha256_bytes(pack_state(state))


def _written(file: Path, state: State) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = pack_state(state)
    file.write_bytes(content)
    return sha256_bytes(content)


def checked_file(file: Path, digest: str) -> Path:
    """A file of a model's folder, which has to be the one that its document names.

    Raises:
        Damaged: It is missing, or another one.
    """
    found = sha256_file(file) if file.is_file() else None
    if found != digest:
        raise Damaged(
            "A file of a saved model does not match its document.",
            where=file,
            expected=f"sha256 {digest}",
            found="no such file" if found is None else f"sha256 {found}",
            remedy="Copy the whole folder again, or save the model again.",
        )
    return file


def _checked(file: Path, digest: str) -> State:
    state = read_state(file)
    checked_file(file, digest)
    return state
