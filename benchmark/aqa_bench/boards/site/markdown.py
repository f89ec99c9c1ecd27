"""Cards written in Markdown as HTML that is safe to embed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aqa_bench.boards.site.engine import missing_extra

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markupsafe import Markup

__all__ = ["render_markdown"]

_OUTSIDE = ("https://", "http://", "mailto:")


def render_markdown(text: str, caption: str) -> Markup:
    """Render CommonMark with tables; HTML in it is shown as text.

    Headings go one level down, for the page has its own. Links that lead elsewhere in a repository keep their
    text alone, pictures their description, so that no page asks for a file that the site does not have.

    Args:
        text: The document.
        caption: Caption of tables that stand below no heading.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    try:
        from markdown_it import MarkdownIt
        from markupsafe import Markup
    except ImportError as error:
        raise missing_extra(error) from error
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = _without_empty_heads(parser.parse(text))
    heading = caption
    captions: Counter[str] = Counter()
    for i, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
            if token.type == "heading_open":
                heading = _plain(tokens[i + 1].children or [])
        elif token.type == "table_open":
            captions[heading] += 1
            again = captions[heading]
            token.meta["caption"] = heading if again == 1 else f"{heading} ({again})"
        elif token.type in ("th_open", "td_open"):
            _align(token)
        elif token.type in ("fence", "code_block"):
            token.attrSet("tabindex", "0")
        elif token.type == "inline":
            token.children = _kept(token.children or [])
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    # The parser escapes text and refuses scripts in links; its own HTML is switched off.
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _without_empty_heads(tokens: Sequence[Token]) -> list[Token]:
    """Tokens with heads of tables that name no column left out, and cells that name none turned into data."""
    kept: list[Token] = []
    start = 0
    for token in tokens:
        if token.type == "thead_open":
            start = len(kept)
        elif token.type == "th_close" and not kept[-1].content:
            kept[-2].type, kept[-2].tag, token.tag = "td_open", "td", "td"
        kept.append(token)
        if token.type == "thead_close" and not any(each.content for each in kept[start:]):
            del kept[start:]
    return kept


def _align(token: Token) -> None:
    if token.type == "th_open":
        token.attrSet("scope", "col")
    # The page's policy lets no style stand in an attribute.
    if "right" in str(token.attrs.pop("style", "")):
        token.attrSet("class", "num")


def _open_table(_: Any, tokens: Sequence[Token], i: int, __: Any, ___: Any) -> str:
    from markupsafe import escape

    caption = escape(tokens[i].meta["caption"])
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
    return f"{region}<table><caption>{caption}</caption>\n"


def _close_table(*_: Any) -> str:
    return "</table></div>\n"


def _plain(children: Sequence[Token]) -> str:
    return "".join(token.content for token in children if token.type in ("text", "code_inline"))


def _kept(children: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    dropped: list[bool] = []
    for token in children:
        if token.type == "link_open":
            dropped.append(not str(token.attrGet("href") or "").lower().startswith(_OUTSIDE))
            token.attrSet("rel", "noreferrer noopener")
        if token.type in ("link_open", "link_close"):
            gone = dropped[-1]
            if token.type == "link_close":
                dropped.pop()
            if gone:
                continue
        if token.type == "image":
            token.type, token.tag, token.children = "text", "", None
        kept.append(token)
    return kept
