"""Templates to pages: escaped throughout, with a policy that lets no script but the site's run."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any

from aqa_bench.core.errors import UsageError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Engine", "asset", "make_engine", "missing_extra"]

_PACKAGE = "aqa_bench.boards.site"


@dataclass(frozen=True)
class Engine:
    """The templates of the site, and what every page is told."""

    environment: Environment

    def page(self, template: str, path: str, title: str, **values: Any) -> str:
        """Render a page.

        Args:
            template: Name of the template.
            path: Where the page will lie below the site, so that its links are relative.
            title: Its title.
            **values: What the template shows.
        """
        root = "../" * path.count("/")
        return self.environment.get_template(template).render(
            root=root, title=title, section=path.partition("/")[0].removesuffix(".html"), **values
        )


def make_engine(
    version: str, *, absent: Collection[str] = (), closed: tuple[str, str] | None = None
) -> Engine:
    """Load the templates.

    Args:
        version: Version of the leaderboards, shown on every page.
        absent: Pages that there are not, so that no page leads to them: ``papers``, ``claims``.
        closed: What every page says of a version that is closed, in short and in a sentence.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise missing_extra(error) from error
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = asset("first.js")
    policy = (
        f"default-src 'none'; style-src 'self'; script-src 'self' '{_digest(script)}'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'"
    )
    # Our own files, not anybody's input.
    environment.globals.update(
        script=Markup(script),
        policy=policy,
        version=version,
        absent=frozenset(absent),
        closed=closed,
    )
    return Engine(environment)


def missing_extra(error: ImportError) -> UsageError:
    """The error for a site without its libraries."""
    return UsageError(
        "The site needs libraries that are not installed.",
        expected="jinja2, matplotlib and markdown-it-py",
        found=f"no {error.name}",
        remedy='pip install "aqa-bench[site]"',
    )


def asset(name: str) -> str:
    """The text of one of the site's own files: ``site.css``, ``site.js`` or ``first.js``."""
    return (resources.files(_PACKAGE) / "static" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(sha256(text.encode()).digest()).decode()
