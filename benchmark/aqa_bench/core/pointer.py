"""Small files that stand for large ones: what a download or a checkout leaves where content is elsewhere."""

from __future__ import annotations

import re

__all__ = ["pointer_in"]

_LONGEST = 1024
_LINK = re.compile(r"(\.\./)+[^\s]+|[^\s]*\.git/annex/objects/[^\s]+")


def pointer_in(content: bytes) -> str | None:
    """What a file says in place of its content, and how to get that; None where it is no pointer.

    Known are Git LFS, git-annex, DVC, and links that were written out as text, as git does on Windows.

    >>> pointer_in(b"../../blobs/0b1c")
    'a link to ../../blobs/0b1c, written out as text: copy the files that links lead to (cp -rL)'
    """
    if len(content) > _LONGEST:
        return None
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    if text.startswith("version https://git-lfs.github.com/spec/"):
        return "a pointer of Git LFS: run git lfs pull"
    if text.startswith("/annex/objects/") or ".git/annex/objects/" in text:
        return "a pointer of git-annex: run git annex get"
    if text.startswith("outs:") and "md5:" in text:
        return "a pointer of DVC: run dvc pull"
    if _LINK.fullmatch(text):
        return f"a link to {text[:120]}, written out as text: copy the files that links lead to (cp -rL)"
    return None
