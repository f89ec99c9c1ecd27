"""Texts of strangers in tables: they say what they say, and do nothing."""

from __future__ import annotations

import re

__all__ = ["markdown_text", "spreadsheet_cell"]

# A bracket opens nothing by itself, and an ampersand no entity.
_SIGNS = re.compile(r"[\\`|<>*~]|\](?=\s*[(\[:])|&(?=#?\w+;)")
# Under scores inside a word are plain; at its edges they are emphasis.
_EDGES = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def markdown_text(text: str) -> str:
    """A text as Markdown that shows it: no link, picture, mention, tag, code or emphasis.

    >>> markdown_text("a|b <img src=x> [c](http://d) @me")
    'a\\\\|b \\\\<img src=x\\\\> [c\\\\](http&#58;//d) &#64;me'
    """
    plain = _EDGES.sub(r"\\_", _SIGNS.sub(lambda sign: "\\" + sign.group(), text))
    plain = re.sub(r"@(?=\w)", "&#64;", plain.replace("://", "&#58;//"))
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", plain)


def spreadsheet_cell(value: object) -> object:
    """A value of a CSV file; a text that a spreadsheet would compute is quoted as one.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell(-0.5), spreadsheet_cell(None)
    ("'=1+1", -0.5, '')
    """
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
