from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"methods/md/README.md": "methods/md.md", "datasets/gym/README.md": "datasets/gym.md"}


@pytest.fixture(scope="module")
def docs_site() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "tools" / "docs_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("page", "written", "turned"),
    [
        ("faq.md", "[a](../methods/md/README.md#traps)", "[a](methods/md.md#traps)"),
        ("faq.md", "[a](../methods/md)", "[a](methods/md.md)"),
        ("faq.md", "[a](first-steps.ipynb)", "[a](first-steps.md)"),
        ("faq.md", "[a](protocol.md#coverage)", "[a](protocol.md#coverage)"),
        ("faq.md", "[a](../suites/study.toml), [b](../README.md)", "a, [b](index.md)"),
        ("faq.md", "[a](https://x.org/y) [b](#c)", "[a](https://x.org/y) [b](#c)"),
        ("faq.md", "```\n[a](../methods/md)\n```", "```\n[a](../methods/md)\n```"),
        (
            "methods/md.md",
            "[a](../../datasets/gym) ![b](../../docs/b.png)",
            "[a](../datasets/gym.md) ![b](../b.png)",
        ),
        ("methods/md.md", "[a](../../docs/protocol.md)", "[a](../protocol.md)"),
    ],
)
def test_links_are_turned_round(docs_site: ModuleType, page: str, written: str, turned: str) -> None:
    assert docs_site.relinked(written, page, PAGES) == turned


def test_every_card_is_a_page(docs_site: ModuleType) -> None:
    pages = docs_site.outside_pages()
    cards = {
        p.relative_to(ROOT).as_posix()
        for kind in ("methods", "datasets")
        for p in ROOT.glob(f"{kind}/*/README.md")
    }
    assert cards == {source for source in pages if "/" in source}
    assert len(set(pages.values())) == len(pages)


def test_navigation_names_every_page_once() -> None:
    named = re.findall(
        r"^\s+- (?:[^:\n]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M
    )
    there = {page.relative_to(ROOT / "docs").as_posix() for page in ROOT.glob("docs/**/*.md")}
    assert sorted(named) == sorted(there)


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        ("```mermaid\nflowchart TD\n  a --> b\n```", '<pre class="mermaid"><code>flowchart TD\n  a --&gt; b'),
        ('```python title="a.py" after="b"\nx = 1\n```', '<div class="highlight"><pre>'),
        ("```\nmake demo\n```", '<div class="highlight"><pre>'),
    ],
)
def test_pictures_are_drawn_and_code_is_code(block: str, shown: str) -> None:
    config = pytest.importorskip("mkdocs.config").load_config(str(ROOT / "mkdocs.yml"))
    markdown = pytest.importorskip("markdown").Markdown(
        extensions=config.markdown_extensions, extension_configs=config.mdx_configs
    )
    assert shown in markdown.convert(block)


def test_architecture_walks_ten_stops_each_a_file() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    stops = re.findall(r"^### (\d+)\. .+\n\n\[([^\]]+\.py)\]\(\.\./([^)]+)\)$", text, re.M)
    assert [int(number) for number, _, _ in stops] == list(range(1, 11))
    for _, name, target in stops:
        assert target.endswith(name)
        assert (ROOT / target).is_file()
