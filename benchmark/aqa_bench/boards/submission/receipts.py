"""Receipts are this project's to give: whoever asks for a row does not bring them along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aqa_bench.boards.runs import Problem
from aqa_bench.core.receipt import RECEIPTS

__all__ = ["check_receipts_kept"]


def check_receipts_kept(root: Path, accepted: Path) -> Iterator[Problem]:
    """Check that no receipt was added, changed or taken away.

    Args:
        root: The folder of submissions that is judged; receipts lie beside it.
        accepted: The folder of submissions as it was accepted, likewise.
    """
    now, before = (_files(folder.parent / RECEIPTS) for folder in (root, accepted))
    for path in sorted(now.keys() | before.keys()):
        if now.get(path) != before.get(path):
            state = "new" if path not in before else "gone" if path not in now else "different bytes"
            yield Problem(
                path=f"{RECEIPTS}/{path}",
                rule="only maintainers add receipts",
                expected="the receipts of the base",
                found=state,
            )


def _files(folder: Path) -> dict[str, bytes]:
    """Content of every file, and where links lead, by path."""
    found = {}
    # Where a link leads to here says nothing of where it leads to once it is merged.
    for file in (folder,) if folder.is_symlink() else folder.rglob("*") if folder.is_dir() else ():
        path = file.relative_to(folder).as_posix()
        if file.is_symlink():
            found[path] = b"-> " + str(file.readlink()).encode()
        elif file.is_file():
            found[path] = file.read_bytes()
    return found
