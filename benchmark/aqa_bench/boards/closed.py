"""Closed versions: leaderboards that are released and stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from aqa_bench import BENCHMARK_VERSION
from aqa_bench.boards.runs import Problem
from aqa_bench.boards.versions import LOCK_FILE, read_lock, versions
from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.files import pretty_json, sha256_file, write_atomic

__all__ = ["CLOSED_FILE", "check_closed", "close_version", "closed_words", "is_closed", "released_runs"]

CLOSED_FILE = "closed.json"
_PAGES = ("table.md", "overall.md")


class _Closed(BaseModel):
    """The content of ``closed.json``: SHA-256 of every other file of the version, by its path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    files: dict[str, str]


def is_closed(leaderboards: Path, version: str) -> bool:
    """Whether a version is released and closed."""
    return (leaderboards / version / CLOSED_FILE).is_file()


def closed_words(version: str) -> tuple[str, str]:
    """What pages of a closed version say, in short and in a sentence."""
    return (
        "Released and closed.",
        f"These are the leaderboards of protocol {version}: they stay as they are, and no run is added.",
    )


def released_runs(leaderboards: Path) -> dict[str, dict[str, str]]:
    """Runs that closed versions name: the SHA-256 of each of their files, by the run's path.

    Raises:
        DataError: A lock cannot be read.
    """
    closed = (version for version in versions(leaderboards) if is_closed(leaderboards, version))
    folders = (lock.parent for version in closed for lock in (leaderboards / version).glob(f"*/{LOCK_FILE}"))
    return {path: files for folder in folders for path, files in read_lock(folder).runs.items()}


def close_version(leaderboards: Path, version: str) -> int:
    """Close an earlier version: its pages say so, and ``closed.json`` holds the digest of every file.

    Closing it again changes nothing.

    Returns:
        The number of files that are closed.

    Raises:
        UsageError: There are no leaderboards of that version, or it is the current one.
    """
    known = [name for name in versions(leaderboards) if name != BENCHMARK_VERSION]
    if version not in known:
        raise UsageError(
            "There is no such earlier version.",
            where=leaderboards,
            expected=", ".join(known) or "leaderboards of an earlier version",
            found=version,
        )
    folder = leaderboards / version
    short, sentence = closed_words(version)
    line = f"**{short}** {sentence} Newer ones stand beside them.\n\n"
    for page in (page for name in _PAGES for page in sorted(folder.rglob(name))):
        title, _, rest = page.read_text(encoding="utf-8").partition("\n\n")
        if not rest.startswith(line):
            write_atomic(page, f"{title}\n\n{line}{rest}")
    files = _digests(folder)
    write_atomic(folder / CLOSED_FILE, pretty_json({"version": version, "files": files}))
    return len(files)


def check_closed(leaderboards: Path, version: str, base: Path | None = None) -> Iterator[Problem]:
    """Check that a closed version is, file for file, what it was when it was closed.

    Args:
        leaderboards: Folder of leaderboards.
        version: The version.
        base: Leaderboards that were accepted before: what is closed there is what it was there, and
            nothing else becomes closed. None to believe ``closed.json``.

    Raises:
        DataError: ``closed.json`` cannot be read.
    """
    folder = leaderboards / version
    if base is not None and not is_closed(base, version):
        yield Problem(
            path=f"{version}/{CLOSED_FILE}",
            rule="only maintainers close a version",
            expected="no such file",
            found="a version that is still open in the base",
        )
        return
    file = (leaderboards if base is None else base) / version / CLOSED_FILE
    try:
        closed = _Closed.model_validate(parse_json(read_bounded(file)))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(
            "A closed version cannot be read.",
            where=file,
            expected="the file that aqa-bench leaderboard close wrote",
            found=type(error).__name__,
            remedy="Restore it from the repository's history.",
        ) from error
    found = _digests(folder)
    for path in sorted(found.keys() | closed.files.keys()):
        if found.get(path) != closed.files.get(path):
            yield Problem(
                path=f"{version}/{path}",
                rule="a closed version does not change",
                expected=_told(closed.files.get(path)),
                found=_told(found.get(path)),
            )


def _digests(folder: Path) -> dict[str, str]:
    files = {
        file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()
    }
    return {path: sha256_file(file) for path, file in files.items() if path != CLOSED_FILE}


def _told(digest: str | None) -> str:
    return "no such file" if digest is None else f"sha256 {digest[:16]}"
