"""Preparation: find the clips below the given folders, check each, and index what is usable."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.progress import Progress

from .files import parse_clip, read_bytes
from .index import Index, IndexedClip, read_index, save_index
from .release import EXERCISES, ReleasedFile, release

__all__ = ["index_sources"]

_log = logging.getLogger(__name__)


@dataclass
class _Findings:
    clips: dict[str, IndexedClip] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def index_sources(
    dataset: str | None, sources: Sequence[Path], home: Path, progress: Progress
) -> tuple[str, ...]:
    """Index every usable clip of some folders, beside what an earlier index still rightly names.

    Args:
        dataset: Dataset id that must be complete afterwards, or None for every exercise of which
            there is a file.
        sources: Clones of the repository, their folders ``poses_compressed``, or folders of one exercise.
        home: The family's data folder; ``index.json`` is written into it.
        progress: Where to report.

    Returns:
        Sentences that say what was indexed.

    Raises:
        DataError: A source does not exist or holds no clip; or files of a wanted exercise are
            missing, damaged or renamed. What is usable has been indexed then.
    """
    candidates = list(dict.fromkeys(path for source in sources for path in _candidates(source)))
    if not candidates:
        raise _nothing(sources, "no .npy file")
    by_hash = {file.sha256: file for file in release().files.values()}
    findings = _Findings()
    progress.start("checking Pose Trainer", len(candidates))
    try:
        for path in candidates:
            _examine(path, by_hash, findings)
            progress.advance()
    finally:
        progress.close()
    if not findings.clips:
        raise _nothing(sources, _listed([*findings.refused, *findings.strangers]))
    clips = _still_valid(home) | findings.clips
    index = Index(clips={i: clips[i] for i in release().files if i in clips})
    written = save_index(index, home)
    wanted = [dataset] if dataset else [name for name in EXERCISES if index.of(name)]
    missing = [file.path for name in wanted for file in release().of(name) if file.id not in index.clips]
    if missing or findings.refused:
        raise _incomplete(sources, index, missing, findings)
    return tuple(_report(index, written, findings))


def _candidates(source: Path) -> list[Path]:
    source = source.expanduser().resolve()
    if not source.is_dir():
        raise DataError(
            "The source of Pose Trainer cannot be used.",
            where=source,
            expected="a clone of the repository, its folder poses_compressed, or the folder of one exercise",
            found="a file" if source.exists() else "no such path",
            remedy="Correct the path given with --source.",
        )
    base = source / "poses_compressed" if (source / "poses_compressed").is_dir() else source
    folders = [base, *(base / exercise.folder for exercise in EXERCISES.values())]
    return sorted(path for folder in folders for path in folder.glob("*.npy"))


def _still_valid(home: Path) -> dict[str, IndexedClip]:
    """What an earlier index rightly names; a damaged index is about to be replaced."""
    try:
        earlier = read_index(home)
    except DataError as error:
        _log.warning("replacing a damaged index: %s", error.where)
        return {}
    return {} if earlier is None else {i: clip for i, clip in earlier.clips.items() if clip.is_current()}


def _examine(path: Path, by_hash: Mapping[str, ReleasedFile], findings: _Findings) -> None:
    """File the clip under what it is: usable, refused with a reason, or not of the release."""
    try:
        content = read_bytes(path)
    except DataError as error:
        findings.refused.append(f"{path}: {error.found}")
        return
    original = by_hash.get(sha256_bytes(content))
    if original is not None and original.id != path.stem:
        findings.refused.append(f"{path}: a renamed copy of the release's {original.id}.npy")
        return
    if path.stem not in release().files:
        findings.strangers.append(f"{path}: the release has no file of this name")
        return
    try:
        clip = parse_clip(content, path)
    except DataError as error:
        findings.refused.append(f"{path}: {error.found}")
        return
    # Of two files with one name the published one counts, else the first.
    if original is not None or path.stem not in findings.clips:
        findings.clips[path.stem] = IndexedClip(
            path=path, size=clip.size, sha256=clip.sha256, frames=len(clip.keypoints)
        )


def _report(index: Index, written: Path, findings: _Findings) -> list[str]:
    sentences = [f"{len(index.clips)} of {len(release().files)} clips are indexed in {written}."]
    empty = [name for name in EXERCISES if not index.of(name)]
    if empty:
        sentences.append(f"Not available: {', '.join(empty)}.")
    altered = [i for i, clip in index.clips.items() if clip.sha256 != release().files[i].sha256]
    if altered:
        sentences.append(
            f"{len(altered)} files differ from the published ones, so results are not comparable: "
            f"{', '.join(altered)}."
        )
    if findings.strangers:
        sentences.append(f"Skipped, because the release has no such files: {'; '.join(findings.strangers)}.")
    return sentences


def _nothing(sources: Sequence[Path], found: str) -> DataError:
    return DataError(
        "There are no usable Pose Trainer files.",
        where=", ".join(str(source) for source in sources),
        expected="a clone of the repository, its folder poses_compressed, or the folder of one exercise",
        found=found,
        remedy="Correct --source, or leave it out to download the files.",
    )


def _incomplete(
    sources: Sequence[Path], index: Index, missing: Sequence[str], findings: _Findings
) -> DataError:
    problems = [*findings.refused, *findings.strangers, *(f"{path}: missing" for path in missing)]
    return DataError(
        "Part of the Pose Trainer release is missing or cannot be used.",
        where=", ".join(str(source) for source in sources),
        expected="all files of the exercise, unchanged and not renamed",
        found=f"{len(index.clips)} usable files (indexed) and these problems: {_listed(problems)}",
        remedy="Fix the files and prepare again, or leave out --source to download them.",
    )


def _listed(problems: Sequence[str]) -> str:
    return "".join(f"\n    {problem}" for problem in problems)
