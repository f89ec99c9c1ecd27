"""Turns of phrase that readers stumbled over do not come back: CONTRIBUTING has the list."""

from __future__ import annotations

import ast
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
#: The same of what a program says: texts in code, templates, and the facts behind the boards.
WORST_IN_TEXTS = {
    r"\bnothing there\b": "no such file or folder",
    r"\bonce or more\b": "one or more times",
    r"\b(?:tells?|says?) nothing of\b": "carries no",
    r"\bcannot be told\b": "is ambiguous",
    r"\bis no (?:JSON|multiple|text|zip|gzip|plain)\b": "is not a",
    r"\bscored (?:again|anew)\b": "rescored",
    r"\b(?:writes|makes) it (?:again|anew)\b": "rebuild it with",
    r"\b(?:is|are) (?:not those that|what the \w+ say)\b": "differ from, follow from",
    r"\ba drawn order\b|\bdraws by hash\b": "random order, splits chosen by hash",
    r"\bof another size\b": "of a different size",
    r"\b(?:it|run|board) (?:is|was) of (?:protocol|version)\b": "uses",
    r"\bstands? in (?:train|several|both|two)\b": "is in",
    r"\bleft as (?:it is|committed)\b": "kept",
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


def _texts() -> Iterator[Path]:
    yield from _code()
    for folder, suffixes in (("boards", ("html", "json", "toml")), ("coach", ("html", "toml"))):
        for suffix in suffixes:
            yield from (ROOT / "benchmark/aqa_bench" / folder).rglob(f"*.{suffix}")
    yield from ROOT.glob("datasets/*/card.toml")
    yield from ROOT.glob("methods/*/*.toml")


def written_in(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def said_by(file: Path) -> str:
    """What a program can say from this file: the texts of code without its docstrings, all of any other."""
    text = written_in(file)
    if file.suffix != ".py":
        return text
    nodes = list(ast.walk(ast.parse(text)))
    unsaid = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    said = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in unsaid]
    return "\n".join(value for value in said if isinstance(value, str))


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
    "text",
    [
        "The samples say nothing of the bar.",
        "--source PATH, once or more",
        "every event stands in train and test",
        "the table is what the predictions say",
        "whole groups in a drawn order",
    ],
)
def test_the_patterns_of_texts_find_what_they_are_for(text: str) -> None:
    assert found_in(text, WORST_IN_TEXTS)


def test_texts_are_read_and_docstrings_are_not(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Nothing there."""\nx = f"{1} files, " "nothing there"\n')
    assert said_by(file).count("othing there") == 1


@pytest.mark.parametrize(
    ("texts", "said_in", "patterns"),
    [
        (_documents, written_in, WORST | WORST_IN_PROSE),
        (_code, written_in, WORST),
        (_texts, said_by, WORST_IN_TEXTS),
    ],
    ids=["documents", "code", "texts"],
)
def test_nothing_is_said_that_readers_stumbled_over(
    texts: Callable[[], Iterator[Path]], said_in: Callable[[Path], str], patterns: dict[str, str]
) -> None:
    files = list(texts())
    assert len(files) > 80
    said = {f.relative_to(ROOT).as_posix(): found_in(said_in(f), patterns) for f in files}
    assert {name: words for name, words in said.items() if words} == {}
