"""Which clips of the stores are in use, so that nobody removes them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from aqa_bench.core.bounded import parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import canonical_json, write_atomic
from aqa_bench.core.lock import attempt, exclusive

__all__ = ["STORES_LOCK", "hold", "in_use"]

STORES_LOCK = ".lock"
_LEASES = ".leases"


def hold(root: Path, files: Iterable[Path]) -> Callable[[], None]:
    """Claim files for as long as this process lives, or until the claim is given up.

    Args:
        root: Folder of the stores.
        files: Files of clips beneath it; they need not exist yet.

    Returns:
        Gives the claim up.
    """
    names = [file.relative_to(root).as_posix() for file in files]
    lease = root / _LEASES / f"{os.getpid()}-{secrets.token_hex(8)}.json"
    held = ExitStack()
    # Nobody may take the lease for a dead one before it is locked.
    with exclusive(root / STORES_LOCK):
        write_atomic(lease, canonical_json(names))
        held.enter_context(exclusive(lease))
    process = os.getpid()

    def release() -> None:
        if os.getpid() == process:
            held.close()
            lease.unlink(missing_ok=True)

    return release


def in_use(root: Path) -> set[str]:
    """Names beneath ``root`` of the files that some process holds; call it under the stores' lock.

    A lease whose holder has died is removed: the operating system has dropped its lock.

    Raises:
        DataError: A lease is damaged while its holder lives: nobody knows then what is in use.
    """
    names: set[str] = set()
    for lease in (root / _LEASES).glob("*.json"):
        with attempt(lease) as is_dead:
            if is_dead:
                lease.unlink(missing_ok=True)
            else:
                names.update(_names(lease))
    return names


def _names(lease: Path) -> list[str]:
    try:
        found = parse_json(read_bounded(lease))
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise ValueError("not a list of names")
    except FileNotFoundError:
        # Its holder has ended meanwhile.
        return []
    except (OSError, ValueError) as error:
        process = lease.name.partition("-")[0]
        raise DataError(
            "The list of decoded frames in use by another process cannot be read, so none can be deleted.",
            where=lease,
            expected=f"the names of the clips in use by process {process}",
            found=str(error),
            remedy=f"Wait until process {process} has ended, or free some space.",
        ) from error
    return found
