"""Download of the published files, each checked against the manifest before it is kept."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from aqa_bench.core.errors import DataError
from aqa_bench.core.files import sha256_bytes, sha256_file, write_atomic
from aqa_bench.core.paths import is_offline
from aqa_bench.core.progress import Progress

from .release import Release, ReleasedFile

__all__ = ["download_url", "fetch"]

_log = logging.getLogger(__name__)
_HOST = "https://raw.githubusercontent.com"
_TIMEOUT_SECONDS = 30.0
_BY_HAND = (
    "On a machine with network access, run git clone https://github.com/{repository}; then run aqa-bench "
    "dataset prepare pose-trainer --source pose-trainer"
)


def download_url(published: Release) -> str:
    """Address of the folder ``poses_compressed`` at the pinned commit."""
    return f"{_HOST}/{published.repository}/{published.commit}/poses_compressed"


def fetch(published: Release, home: Path, progress: Progress, *, base: str | None = None) -> Path:
    """Download every file that is not there yet.

    Args:
        published: What to get.
        home: The family's data folder.
        progress: Where to report.
        base: Address of a mirror's ``poses_compressed``, by default that of the repository.

    Returns:
        The folder ``poses_compressed`` with the files.

    Raises:
        DataError: Work is offline, the network or the server fails, or a file is not the published
            one. Files that were complete by then are kept.
    """
    remedy = _BY_HAND.format(repository=published.repository)
    if is_offline():
        raise DataError(
            "Pose Trainer cannot be downloaded offline.",
            where="AQA_BENCH_OFFLINE",
            expected="network access, or the files with --source",
            found="offline, and no --source",
            remedy=remedy,
        )
    folder = home / "release" / "poses_compressed"
    progress.start("downloading Pose Trainer", len(published.files))
    try:
        for file in published.files.values():
            target = folder / file.path
            if not (target.is_file() and sha256_file(target) == file.sha256):
                write_atomic(
                    target, _download(f"{base or download_url(published)}/{file.path}", file, remedy)
                )
            progress.advance()
    finally:
        progress.close()
    return folder


def _download(url: str, file: ReleasedFile, remedy: str) -> bytes:
    _log.info("downloading %s", url)
    try:
        with urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
            # One byte more than expected tells a longer file without reading all of it.
            content: bytes = response.read(file.size + 1)
    except (URLError, OSError) as error:
        raise DataError(
            "A file of Pose Trainer could not be downloaded.",
            where=url,
            expected=f"{file.size} bytes",
            found=getattr(error, "reason", None) or error,
            remedy=f"Try again; complete files are kept. {remedy}",
        ) from error
    if len(content) != file.size or sha256_bytes(content) != file.sha256:
        raise DataError(
            "A downloaded file differs from the published one and was not kept.",
            where=url,
            expected=f"{file.size} bytes with SHA-256 {file.sha256}",
            found=f"{len(content)} bytes or more with SHA-256 {sha256_bytes(content)}",
            remedy=f"Try again. {remedy}",
        )
    return content
