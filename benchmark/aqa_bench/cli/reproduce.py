"""``aqa-bench reproduce``: run records again and compare."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aqa_bench.cli.options import Device, Json, Keypoints, Sandbox
from aqa_bench.cli.output import emit, say

__all__ = ["EXAMPLES", "reproduce_runs"]

EXAMPLES = (
    "Examples:  aqa-bench reproduce submissions/pose-trainer/bicep-curl/pose-trainer-rules  |  "
    "aqa-bench reproduce submissions/pose-trainer/bicep-curl/pose-tdm --seed any --sandbox"
)
_ANY = "any"


class Cache(StrEnum):
    """What a rerun may find on this machine."""

    PRIVATE = "private"
    SHARED = "shared"


def _as_seed(text: str | None) -> str | None:
    if text is not None and text != _ANY and not (text.isascii() and text.isdecimal()):
        raise typer.BadParameter("expected a number, or any")
    return text


def reproduce_runs(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, or folders that contain runs.")],
    seed: Annotated[
        str | None,
        typer.Option(callback=_as_seed, help="Repeat only this seed of each row; any: a random one."),
    ] = None,
    sandbox: Sandbox = False,
    device: Device = "auto",
    keypoints: Keypoints = None,
    features: Annotated[Path | None, typer.Option(help="Folder of the features that the run used.")] = None,
    cache: Annotated[
        Cache, typer.Option(help="private: start with an empty cache; shared: use this machine's.")
    ] = Cache.PRIVATE,
    out: Annotated[Path, typer.Option("--out", help="Folder of receipts.")] = Path("receipts"),
    as_json: Json = False,
) -> None:
    """Repeat runs from their records, compare the results, and write a receipt for each. Exit 1 if a
    rerun differs. Results from another machine may differ by a stated tolerance (docs/protocol.md)."""
    from aqa_bench.core.receipt import receipt_place, write_receipt
    from aqa_bench.protocol.reproduce import reproduce
    from aqa_bench.protocol.rerun import Given

    given = Given(device, keypoints, features, sandbox, cache is Cache.PRIVATE)
    documents, ok = [], True
    for folder in _chosen(runs, seed):
        receipt = reproduce(folder, given)
        file = receipt_place(out, receipt.dataset, receipt.method, receipt.run_id)
        receipt = write_receipt(file, receipt)
        ok = ok and receipt.verdict.holds
        documents.append(
            {"run": folder.as_posix(), "path": file.as_posix(), **receipt.model_dump(mode="json")}
        )
        if not as_json:
            machine = f"; other {', '.join(receipt.machine)}" if receipt.machine else ""
            say(f"{receipt.verdict}: {folder.as_posix()}{machine}")
            say(
                f"  largest difference {_told(receipt.largest_difference)}, rank correlation "
                f"{_told(receipt.rank_correlation)}, metrics {_told(receipt.metric_difference)}"
            )
            if receipt.machine and not receipt.verdict.holds:
                say(
                    "  Training amplifies rounding, so only a rerun on the same kind of machine is "
                    "conclusive."
                )
            say(f"  {file.as_posix()}")
    if as_json:
        emit({"ok": ok, "receipts": documents})
    if not ok:
        raise typer.Exit(1)


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _chosen(runs: Sequence[Path], seed: str | None) -> list[Path]:
    """The folders of runs that are made again: all of them, or one of each row."""
    from aqa_bench.boards.runs import run_folders
    from aqa_bench.core.errors import UsageError
    from aqa_bench.core.record import read_record
    from aqa_bench.core.row_key import row_key

    found: dict[Path, None] = {}
    for path in runs:
        # Reading its record says what a folder lacks.
        found |= dict.fromkeys([*run_folders(path).values()] or [path])
    if seed is None:
        return list(found)
    rows: dict[str, list[Path]] = {}
    for folder in found:
        rows.setdefault(row_key(read_record(folder)), []).append(folder)
    if seed == _ANY:
        return [secrets.choice(row) for row in rows.values()]
    chosen = [folder for folder in found if read_record(folder).seed == int(seed)]
    if not chosen:
        raise UsageError(
            "No run has this seed.",
            where="--seed",
            expected=", ".join(sorted({str(read_record(folder).seed) for folder in found})),
            found=seed,
        )
    return chosen
