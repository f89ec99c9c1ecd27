"""An audit as a page that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aqa_bench.core.dataset import Audit, SplitCount
from aqa_bench.core.own import is_own

__all__ = ["render_page"]

_SHOWN = 20


def render_page(audit: Audit) -> str:
    """Render an audit as Markdown.

    Args:
        audit: The audit. Measurements that it lacks are left out of the page.

    Returns:
        The page, ending in a newline. It names ids, never shows media.
    """
    coverage = audit.coverage
    parts = [
        f"# {audit.dataset}",
        _verdict(audit),
        *_problems(audit),
        f"Content fingerprint: `{audit.fingerprint}`",
        "## Coverage",
        _table(
            ("expected", "found", "missing", "unreadable", "extra"),
            [
                (
                    coverage.expected,
                    coverage.found,
                    len(coverage.missing),
                    len(coverage.unreadable),
                    coverage.extra,
                )
            ],
        ),
        _listed("Missing", coverage.missing),
        _listed("Unreadable", coverage.unreadable),
        "## Tasks",
        _table(
            ("task", "split", "n", "errors", "prevalence", "floor"),
            [
                (task, part, *_count(count))
                for task, table in audit.tasks.items()
                for part, count in table.splits.items()
            ],
        ),
        "The floor is the score of blind guessing in the task's primary metric.",
        "## Leakage",
        f"Groups in two parts of a split: {audit.groups_across_splits}. "
        f"Sets of byte-identical media: {len(audit.duplicates)}.",
        _listed("Byte-identical", [" = ".join(ids) for ids in audit.duplicates]),
        *_pool(audit.details.get("pool", {})),
        *_media(audit.details.get("media", {})),
        "## Notes",
        "\n".join(f"- {note}" for note in audit.notes) or "None.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdict(audit: Audit) -> str:
    how = "added" if is_own(audit.dataset) else "published"
    if audit.ok:
        return f"Complete and as {how}."
    return f"Incomplete or not as {how}: see the {'problems' if _problems(audit) else 'notes'}."


def _problems(audit: Audit) -> list[str]:
    """What is wrong, ahead of everything that is merely worth knowing."""
    coverage = audit.coverage
    found = [
        (len(coverage.missing), "missing"),
        (len(coverage.unreadable), "unreadable"),
        (audit.groups_across_splits, "groups in two parts of a split"),
        (len(audit.duplicates), "sets of byte-identical media"),
    ]
    lines = [f"- {count:,} {what}" for count, what in found if count]
    return ["## Problems", "\n".join(lines)] if lines else []


def _pool(pool: Mapping[str, Any]) -> list[str]:
    if not pool.get("found"):
        return []
    rows = [(rule, count) for rule, count in pool["left_out"].items()]
    return [
        "## Unlabelled pool",
        f"{pool['kept']:,} of {pool['found']:,} clips are kept.",
        _table(("left out because", "clips"), rows),
    ]


def _media(media: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = []
    for kind, facts in media.items():
        if facts:
            frames = facts.get("frames", {})
            spread = f"{frames['min']} / {frames['median']:g} / {frames['max']}" if frames else ""
            shapes = ", ".join(f"{shape} ({n})" for shape, n in list(facts["shapes"].items())[:3])
            rows.append((kind, facts["n"], _blank(facts.get("fps")), spread, shapes))
    if not rows:
        return []
    return [
        "## Media",
        _table(("kind", "files", "fps", "frames min / median / max", "most common sizes"), rows),
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _listed(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{title}: {', '.join(f'`{item}`' for item in items[:_SHOWN])}{more}."


def _blank(value: object | None) -> object:
    return "" if value is None else value


def _count(count: SplitCount) -> tuple[object, ...]:
    share = f"{count.positive / count.n:.1%}" if count.positive is not None and count.n else ""
    return count.n, _blank(count.positive), share, "" if count.floor is None else f"{count.floor:.4f}"
