"""Which storage the settings ask for."""

from __future__ import annotations

from pathlib import Path

from aqa_bench.coach.web.remote_storage import FsspecStorage
from aqa_bench.coach.web.storage import FolderStorage, Storage

__all__ = ["open_storage"]


def open_storage(address: str, data: Path) -> Storage:
    """The storage that the settings ask for.

    Args:
        address: ``""`` for a folder below ``data``; else an address that fsspec knows.
        data: Folder of the app.
    """
    if not address:
        return FolderStorage(data / "clips")
    return FsspecStorage(address, data / "copies")
