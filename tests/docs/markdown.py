"""What the tests of the docs read out of Markdown files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+).+?\1")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def pages() -> list[Path]:
    """Every page that people read: docs, cards, and the three at the root."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for pattern in ("docs/**/*.md", "methods/*/README.md", "datasets/*/README.md"):
        found += sorted(ROOT.glob(pattern))
    return found


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
            continue
        yield number, line, bool(fence)


def links(text: str) -> list[tuple[int, str]]:
    """Targets of links and pictures outside code, with their line numbers."""
    return [
        (number, target)
        for number, line, code in _lines(text)
        if not code
        for target in _LINK.findall(_CODE.sub("", line))
    ]


def anchors(text: str) -> set[str]:
    """Anchors of headings, as far as code hosts and mkdocs agree on them."""
    counts: dict[str, int] = {}
    found = set()
    for _, line, code in _lines(text):
        heading = None if code else _HEADING.match(line)
        if heading:
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading.group(1)).lower()
            hosted = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            built = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip())
            seen = counts.get(hosted, 0)
            counts[hosted] = seen + 1
            # Repeated headings get other suffixes in each.
            if hosted == built and not seen:
                found.add(hosted)
    return found


def commands(text: str, program: str = "aqa-bench") -> list[tuple[int, str]]:
    """Commands of the program in fenced or indented blocks, with their line numbers."""
    found: list[tuple[int, str]] = []
    held = ""
    for number, line, code in _lines(text):
        if not code and not line.startswith("    "):
            continue
        line = held + line.strip()
        held = line[:-1] if line.endswith("\\") else ""
        if held:
            continue
        for part in re.split(r"\s&&\s|;\s|\s\|\s", line):
            start = re.sub(r"^(?:\$\s+)?(?:\w+=\S+\s+)*", "", part.strip())
            if start.startswith(f"{program} "):
                found.append((number, start))
    return found
