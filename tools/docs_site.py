"""Hook of mkdocs: brings pages from outside ``docs/`` and notebooks into the site, and turns links round.

The cards of methods and datasets, CONTRIBUTING and CHANGELOG lie beside what they describe, and links
between them and ``docs/`` are relative to the checkout. Links to files that are no page of the site become
plain text.
"""

from __future__ import annotations

import importlib.util
import json
import posixpath
import re
from pathlib import Path
from typing import Any

__all__ = ["notebook_files", "on_config", "on_files", "on_page_markdown", "outside_pages", "relinked"]

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^(```|~~~)")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_CARD = "README.md"


def outside_pages(root: Path = ROOT) -> dict[str, str]:
    """Pages from outside ``docs/``: path in the site by path in the checkout."""
    pages = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
    for kind in ("methods", "datasets"):
        for card in sorted((root / kind).glob(f"*/{_CARD}")):
            pages[card.relative_to(root).as_posix()] = f"{kind}/{card.parent.name}.md"
    return pages


def notebook_files(root: Path = ROOT) -> dict[str, str | bytes]:
    """Notebooks of ``docs/`` as pages of the same name, and their pictures: content by path in the site."""
    spec = importlib.util.spec_from_file_location("notebook", root / "tools" / "notebook.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    found: dict[str, str | bytes] = {}
    for file in sorted((root / "docs").glob("*.ipynb")):
        page, pictures = tool.as_markdown(json.loads(file.read_text(encoding="utf-8")), file.stem)
        found |= {f"{file.stem}.md": page, **pictures}
    return found


def on_config(config: Any) -> Any:
    """Add the outside pages and the notebooks to the navigation."""
    pages = outside_pages().values()
    use = next(item["Use"] for item in config.nav if isinstance(item, dict) and "Use" in item)
    use[:0] = [page for page in notebook_files() if page.endswith(".md")]
    config.nav.append({"Methods": [page for page in pages if page.startswith("methods/")]})
    config.nav.append({"Datasets": [page for page in pages if page.startswith("datasets/")]})
    next(item["Contribute"] for item in config.nav if isinstance(item, dict) and "Contribute" in item).extend(
        page for page in pages if "/" not in page
    )
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the outside pages and the notebooks."""
    from mkdocs.structure.files import File

    for path, content in notebook_files().items():
        files.append(File.generated(config, path, content=content))
    for source, page in outside_pages().items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn the page's links round."""
    return relinked(markdown, page.file.src_uri, outside_pages())


def relinked(markdown: str, page: str, pages: dict[str, str]) -> str:
    """A page's text with links that hold in the site.

    Args:
        markdown: The text, with links that hold in the checkout.
        page: The page's path in the site.
        pages: As :func:`outside_pages`.
    """
    sources = {target: source for source, target in pages.items()}
    source = sources.get(page, f"docs/{page}")

    def turned(link: re.Match[str]) -> str:
        image, text, target = link.groups()
        path, hash_, anchor = target.partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return link.group()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        site = pages.get(place) or pages.get(f"{place}/{_CARD}")
        if site is None and place == _CARD:
            site = "index.md"
        if site is None and place.startswith("docs/"):
            site = re.sub(r"\.ipynb$", ".md", place.removeprefix("docs/"))
        if site is None:
            return text
        relative = posixpath.relpath(site, posixpath.dirname(page) or ".")
        return f"{image}[{text}]({relative}{hash_}{anchor})"

    lines, fenced = [], False
    for line in markdown.split("\n"):
        fenced ^= bool(_FENCE.match(line.lstrip()))
        lines.append(line if fenced else _LINK.sub(turned, line))
    return "\n".join(lines)
