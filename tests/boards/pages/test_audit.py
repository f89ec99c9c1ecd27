from __future__ import annotations

from aqa_bench.boards.pages.audit import render_page
from aqa_bench.core.dataset import Audit, Coverage


def audit(*, ok: bool, coverage: Coverage, **values: object) -> Audit:
    return Audit(dataset="a/b", fingerprint="f" * 64, ok=ok, tasks={}, coverage=coverage, **values)


def test_real_problems_stand_ahead_of_what_is_merely_worth_knowing() -> None:
    page = render_page(
        audit(
            ok=False,
            coverage=Coverage(expected=5000, found=3000, missing=["m"] * 2000, unreadable=["u"]),
            groups_across_splits=3,
            duplicates=[["a", "b"]],
            notes=["The release has a typing error."] * 29,
        )
    )
    problems = page.split("## Problems\n\n", 1)[1].split("\n\n", 1)[0]
    assert problems.splitlines() == [
        "- 2,000 missing",
        "- 1 unreadable",
        "- 3 groups in two parts of a split",
        "- 1 sets of byte-identical media",
    ]
    assert page.index("see the problems") < page.index("## Problems") < page.index("Content fingerprint")
    assert page.index("## Problems") < page.index("## Notes") < page.index("typing error")


def test_without_any_there_is_no_such_section() -> None:
    page = render_page(audit(ok=True, coverage=Coverage(expected=2, found=2)))
    assert "Problems" not in page
    assert "Complete and as published." in page
    # What the notes alone can tell.
    page = render_page(audit(ok=False, coverage=Coverage(expected=2, found=2), notes=["No split file."]))
    assert "see the notes" in page
