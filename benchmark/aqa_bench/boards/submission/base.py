"""What was accepted before: a folder, or a revision in version control."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aqa_bench.boards.runs import Problem
from aqa_bench.boards.submission.files import FOLDER
from aqa_bench.core.errors import UsageError
from aqa_bench.core.files import sha256_file
from aqa_bench.core.receipt import RECEIPTS
from aqa_bench.core.record import PREDICTIONS_FILE, RECORD_FILE

__all__ = ["check_history", "is_of", "open_base", "same_bytes"]

_FILES = (RECORD_FILE, PREDICTIONS_FILE)


@contextmanager
def open_base(base: str | None, root: Path) -> Iterator[Path | None]:
    """The folder of submissions to compare with.

    Args:
        base: A folder of submissions, a checkout that holds one, or a revision of the repository
            around ``root`` (of which the folder at the same path is taken); None for no comparison.
        root: The folder of submissions that is judged.

    Yields:
        The folder, which may be empty, with the receipts beside it; None without ``base``.

    Raises:
        UsageError: ``base`` is neither a folder nor a revision.
    """
    if base is None:
        yield None
        return
    folder = Path(base)
    if folder.is_dir():
        yield folder / FOLDER if (folder / FOLDER).is_dir() else folder
        return
    # An option in place of a revision would be obeyed.
    top = _git(root, "rev-parse", "--show-toplevel")
    known = (
        None if base.startswith("-") else _git(root, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    )
    if top is None or known is None:
        raise UsageError(
            "There is no base to compare with.",
            where="--base",
            expected="a folder of submissions, or a revision such as origin/main",
            found=base,
        )
    below = root.resolve().relative_to(Path(top.decode().strip()).resolve()).as_posix()
    with tempfile.TemporaryDirectory(prefix="aqa-bench-base-") as place:
        revision = known.decode().strip()
        target = Path(place) / below
        for part in (below, (Path(below).parent / RECEIPTS).as_posix()):
            archive = _git(Path(top.decode().strip()), "archive", "--format=tar", revision, "--", part)
            if archive:
                with tarfile.open(fileobj=io.BytesIO(archive)) as content:
                    content.extractall(place, filter="data")
        target.mkdir(parents=True, exist_ok=True)
        yield target


def same_bytes(first: Path, second: Path) -> bool:
    """Whether two runs' folders hold the same two files."""
    pairs = [(first / name, second / name) for name in _FILES]
    return all(a.is_file() and b.is_file() and a.read_bytes() == b.read_bytes() for a, b in pairs)


def is_of(folder: Path, digests: Mapping[str, str]) -> bool:
    """Whether the two files of a run's folder are those of these digests, by name."""
    files = [(folder / name, digests.get(name)) for name in _FILES]
    return all(file.is_file() and sha256_file(file) == digest for file, digest in files)


def check_history(root: Path, accepted: Mapping[str, Path], selected: Sequence[str]) -> Iterator[Problem]:
    """Check that no earlier result was taken away or changed.

    Args:
        root: The folder of submissions that is judged.
        accepted: Earlier runs by path.
        selected: Paths below ``root`` that are judged.
    """
    for path, before in accepted.items():
        if not any(part in (".", path) or path.startswith(f"{part}/") for part in selected):
            continue
        now = root / path
        if not (now / RECORD_FILE).is_file():
            yield _changed(path, "earlier results stay", "no such folder")
        elif not same_bytes(before, now):
            names = [n for n in _FILES if _content(before / n) != _content(now / n)]
            yield _changed(path, "earlier results do not change", f"different bytes in {', '.join(names)}")


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _changed(path: str, rule: str, found: str) -> Problem:
    return Problem(path=path, rule=rule, expected="the run as it was accepted", found=found)


def _git(place: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(place), *arguments], capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
