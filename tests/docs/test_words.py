"""Turns of phrase that readers stumbled over do not come back: CONTRIBUTING has the list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_COUNTED = (
    "bytes|cells|classifier|clips|columns|concept|curve|draws|epochs|errors|files|folders|frames"
    "|height|heights|image|images|layers|line|lines|metric|minutes|ms|network|numbers|one|pages"
    "|panels|passes|phases|plots|points|record|rows|runs|samples|score|seconds|seeds|steps|stills"
    "|tables|threshold|value|values|videos|vote"
)
_PER = (
    "batch|board|card|class|clip|column|condition|dataset|day|dive|epoch|error|event|exercise|fold"
    "|frame|group|half-cycle|image|job|joint|key|line|machine|metric|minute|module|page|pair|query"
    "|recipe|repetition|row|run|sample|scheme|second|seed|session|side|source|split|step|task|video"
)
#: What is no longer said anywhere, and what is said in its place.
WORST = {
    rf"\b(?:{_COUNTED}) an? (?:{_PER})\b(?! (?:was|has|that))": "per",
    r"\bat hand\b": "available",
    r"\bin view\b": "visible",
}
#: The same of documents and cards; code may speak of what a process is told.
WORST_IN_PROSE = {
    r"\b(?:is|are|were|be) (?:not )?told\b(?! apart)": "known, shown",
    r"\bare told apart\b": "learns to tell apart",
    r"\bdrawn together\b": "attract",
    r"\bno row to tell\b": "an ablation that the paper lacks",
    r"\ba number of another source\b": "reported by the source",
    r"\blayer an attentive\b": "layer, attentive",
    r"\bstands? (?:beside|apart)\b": "is next to, is separate",
    r"\bwhat (?:lies|stands)\b": "what is",
    r"\bmade again\b": "repeated",
    r"\b(?:do|does) not take part\b": "held-out",
    r"\bdraws of (?:its|their) own\b": "independently",
    r"\ball the same\b": "still",
    r"\blearnt\b": "learned",
    r"\bprocessor (?:seconds|minutes)\b": "CPU seconds",
}


def _documents() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "CHANGELOG.md"))
    for pattern in ("docs/*.md", "methods/*/README.md", "datasets/*/README.md"):
        yield from ROOT.glob(pattern)
    for kind in ("methods", "datasets"):
        yield from ROOT.glob(f"{kind}/*/*.toml")


def _code() -> Iterator[Path]:
    for folder in ("benchmark/aqa_bench", "methods", "datasets"):
        yield from (ROOT / folder).rglob("*.py")


def found_in(text: str, patterns: Iterable[str]) -> list[str]:
    return [match[0] for pattern in patterns for match in re.finditer(pattern, " ".join(text.split()))]


@pytest.mark.parametrize(
    "text",
    [
        "one folder of 30 frames a second",
        "two values\nper row, one height a frame",
        "what is at\nhand",
        "The classes are told to nobody.",
        "The halves are told apart.",
        "Its control stands beside it.",
        "measured on clips that do not take part",
    ],
)
def test_the_patterns_find_what_they_are_for(text: str) -> None:
    assert found_in(text, WORST | WORST_IN_PROSE)


@pytest.mark.parametrize(
    ("texts", "patterns"), [(_documents, WORST | WORST_IN_PROSE), (_code, WORST)], ids=["documents", "code"]
)
def test_nothing_is_said_that_readers_stumbled_over(
    texts: Callable[[], Iterator[Path]], patterns: dict[str, str]
) -> None:
    files = list(texts())
    assert len(files) > 80
    said = {f.relative_to(ROOT).as_posix(): found_in(f.read_text(encoding="utf-8"), patterns) for f in files}
    assert {name: words for name, words in said.items() if words} == {}
