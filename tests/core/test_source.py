from __future__ import annotations

from pathlib import Path

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.core.source import parse_source

CODE = '''"""A module."""
import numpy as np  # a comment


class A:
    """A class."""

    size: int = 3
    """An attribute."""

    def f(self, x: int) -> str:
        """A function."""
        return f"{x:>{self.size}} 'a'" + "b"


def empty() -> None:
    """Nothing."""
'''


@pytest.fixture
def sha(tmp_path: Path):
    def digest(text: str) -> str:
        file = tmp_path / "m.py"
        file.write_text(text, encoding="utf-8")
        return parse_source(file, "pkg.m").sha256

    return digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ('"""A module."""\n', ""),
        ("A class.", "Another class."),
        ("An attribute.", "Other words."),
        ('"""A function."""\n        ', ""),
        ('"""Nothing."""', "pass"),
        (' + "b"', " + 'b'"),
        ("size: int = 3", "size: int = (3)"),
        ("\n\n\n", "\n\n"),
        ('"b"', 'u"b"'),
    ],
)
def test_what_is_not_computed_does_not_count(sha, old: str, new: str) -> None:
    assert old in CODE
    assert sha(CODE.replace(old, new)) == sha(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("= 3", "= 4"),
        ("= 3", "= 3.0"),
        ("= 3", "= True"),
        ("= 3", "= None"),
        ('"b"', 'b"b"'),
        ('"b"', '"c"'),
        ("def f", "def g"),
        ("x: int", "*, x: int"),
        ("x: int", "x: int = 0"),
        ("return", "yield"),
        ("import numpy as np", "import numpy"),
        (":>{", ":<{"),
        ('"""Nothing."""', "return 1"),
    ],
)
def test_what_is_computed_counts(sha, old: str, new: str) -> None:
    assert old in CODE
    assert sha(CODE.replace(old, new)) != sha(CODE)


def test_a_text_that_is_used_is_no_docstring(sha) -> None:
    assert sha('x = "a"') != sha('x = "b"')
    assert sha('f("a")') != sha('f("b")')
    assert sha("x = None") != sha("x = ...") != sha("x: int") != sha("x = []")


@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        ("import aqa_bench.core.task as t", {"aqa_bench.core.task"}, set()),
        ("from aqa_bench.core import task", {"aqa_bench.core", "aqa_bench.core.task"}, set()),
        ("from .other import f", {"pkg.other"}, set()),
        ("from . import other", {"pkg.other"}, set()),
        ("def f():\n    from aqa_bench.core import task", {"aqa_bench.core.task"}, set()),
        ("P = Plugin(factory='aqa_bench.methods.md.method:MD')", {"aqa_bench.methods.md.method"}, set()),
        ("x = 'not a module: at all'", set(), {"not a module"}),
        ("if TYPE_CHECKING:\n    import a.b\nelse:\n    import c.d", {"c.d"}, {"a.b"}),
        ("if typing.TYPE_CHECKING:\n    import a.b", set(), {"a.b"}),
    ],
)
def test_imports_are_found_wherever_they_stand(
    tmp_path: Path, text: str, found: set[str], not_found: set[str]
) -> None:
    file = tmp_path / "m.py"
    file.write_text(text)
    imports = parse_source(file, "pkg.m").imports
    assert found <= imports
    assert not not_found & imports


def test_a_package_is_its_own_parent(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("from .inner import f")
    assert "pkg.inner" in parse_source(tmp_path / "__init__.py", "pkg").imports


@pytest.mark.parametrize("text", ["def", "x = 1\0", "(" * 5000])
def test_what_is_no_python_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.py").write_text(text)
    with pytest.raises(DataError, match=r"m\.py(.|\n)*Python source"):
        parse_source(tmp_path / "m.py", "m")
