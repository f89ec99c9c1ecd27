"""What can be said of a submitted method's folder without running its code."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.files import FILE_LIMIT
from aqa_bench.core.card_file import CARD_FILE, read_methods
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.registry import methods

__all__ = ["check_method_folder", "is_changed", "method_folders"]

_FOLDER = "methods"
_NEEDED = (CARD_FILE, "README.md", "recipes.toml")


def method_folders(path: Path) -> list[Path]:
    """Folders of methods that a path names: ``methods``, one folder below it, or a file in one."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link that is to be refused
    if path.name == _FOLDER and path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    for folder in (path, *path.parents):
        if folder.parent.name == _FOLDER and (folder / CARD_FILE).is_file():
            return [folder]
    return []


def is_changed(folder: Path, base: str | None) -> bool:
    """Whether a method differs from the one of the same name in ``base``, a checkout or a revision."""
    if base is None:
        return True
    if Path(base).is_dir():
        return _contents(folder) != _contents(Path(base) / _FOLDER / folder.name)
    # An option in place of a revision would be obeyed; what is not tracked yet is new.
    if base.startswith("-"):
        return True
    command = ["git", "-C", str(folder), "diff", "--quiet", base, "--", "."]
    untracked = ["git", "-C", str(folder), "ls-files", "--others", "--exclude-standard", "."]
    try:
        same = subprocess.run(command, capture_output=True, check=False).returncode == 0
        others = subprocess.run(untracked, capture_output=True, check=False).stdout
    except OSError:
        return True
    return not same or bool(others)


def check_method_folder(folder: Path) -> Iterator[Problem]:
    """Check that a method's folder is whole, that its card can be read, and that it holds source alone."""
    where = f"{_FOLDER}/{folder.name}"
    for name in _NEEDED:
        if not (folder / name).is_file():
            yield Problem(
                path=where, rule="a method is complete", expected=", ".join(_NEEDED), found=f"no {name}"
            )
    if (folder / CARD_FILE).is_file():
        try:
            ids = [plugin.card.id for plugin in read_methods(folder, folder.name)]
        except AqaBenchError as error:
            # Whoever lists plug-ins leaves such a folder out; whoever proposes it has to mend it.
            yield Problem(
                path=f"{where}/{CARD_FILE}",
                rule="a method's card can be read",
                expected=error.expected or "a card as described in docs/adding-a-method.md",
                found=error.found or error.what,
            )
        else:
            yield from _check_ids(folder.name.replace("_", "-"), ids, where)
    if not folder.name.isidentifier() or folder.name != folder.name.lower():
        yield Problem(
            path=where,
            rule="a method's folder is named after its id",
            expected="lower case and underscores",
            found=folder.name,
        )
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in (*folders, *sorted(files)):
            file = Path(place) / name
            path = f"{where}/{file.relative_to(folder).as_posix()}"
            if file.is_symlink():
                yield Problem(
                    path=path,
                    rule="no links and no devices",
                    expected="a plain file or folder",
                    found=f"a link to {file.readlink()}",
                )
            elif file.is_file() and file.stat().st_size > FILE_LIMIT:
                yield Problem(
                    path=path,
                    rule="a file is small",
                    expected=f"at most {FILE_LIMIT} bytes",
                    found=f"{file.stat().st_size} bytes",
                )


def _check_ids(name: str, ids: Sequence[str], where: str) -> Iterator[Problem]:
    """Of two methods of one id none would be taken: nobody brings another one's."""
    if name not in ids or any(each != name and each in methods() for each in ids):
        yield Problem(
            path=f"{where}/{CARD_FILE}",
            rule="a method's folder is its id",
            expected=f"{name}, and no other method's id",
            found=", ".join(ids),
        )


def _contents(folder: Path) -> dict[str, bytes]:
    """Content of every file, and where links lead, by path."""
    return {
        file.relative_to(folder).as_posix(): os.fsencode(file.readlink())
        if file.is_symlink()
        else file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if (file.is_symlink() or file.is_file()) and "__pycache__" not in file.parts
    }
