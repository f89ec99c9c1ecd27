"""A site under way: where its pages and files go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from aqa_bench.boards.model import DatasetBoards
from aqa_bench.boards.pages.render import rule_of
from aqa_bench.boards.site.engine import Engine
from aqa_bench.core.files import canonical_json

__all__ = ["Site", "small_json"]


@dataclass(frozen=True)
class Site:
    """A site under way.

    Attributes:
        root: Its folder.
        engine: Its templates.
        boards: All boards.
        methods: Methods and ensembles that have a page.
    """

    root: Path
    engine: Engine
    boards: tuple[DatasetBoards, ...]
    methods: frozenset[str]

    @property
    def badge_rule(self) -> str:
        """The rule of the badges; empty in versions without them."""
        return next((rule for each in self.boards if (rule := rule_of(each))), "")

    def write(self, template: str, path: str, title: str, **values: object) -> None:
        """Write a page. Args as :meth:`Engine.page`."""
        self.put(path, self.engine.page(template, path, title, **values).encode())

    def put(self, path: str, content: bytes) -> None:
        """Write a file; the same path may be written again."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def small_json(file: Path) -> bytes:
    """A JSON document without the indents, which are up to half of it."""
    return canonical_json(json.loads(file.read_bytes())).encode()
