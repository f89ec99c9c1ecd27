"""A secret of this machine's cache, and what is said of media with it."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from aqa_bench.core.errors import AqaBenchError

__all__ = ["cache_secret", "keyed"]

_FILE = ".secret"
_BYTES = 32


def keyed(secret: bytes, content_key: str) -> str:
    """A content key that no public list of hashes knows: 64 hexadecimal digits."""
    return hmac.new(secret, content_key.encode(), "sha256").hexdigest()


@lru_cache(maxsize=8)
def cache_secret(cache: Path) -> bytes:
    """The secret of a cache; made, readable by its owner alone, when there is none.

    Args:
        cache: The cache's folder.

    Raises:
        AqaBenchError: It cannot be read or written.
    """
    path = cache / _FILE
    try:
        found = path.read_bytes() if path.exists() else b""
        if len(found) == _BYTES:
            return found
        cache.mkdir(parents=True, exist_ok=True)
        mine = path.with_name(f"{_FILE}.{secrets.token_hex(8)}")
        with suppress(FileNotFoundError):
            if found:
                path.unlink()
        handle = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Linked, not renamed: of processes that come at once all take the first one's.
        with suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
        return path.read_bytes()
    except OSError as error:
        raise AqaBenchError(
            "The cache's secret cannot be created or read.",
            where=path,
            expected="a readable and writable file",
            found=error.strerror or str(error),
            remedy="Fix the permissions, or set AQA_BENCH_CACHE to another folder.",
        ) from error
