"""The committed boards make a site that opens from a slow line."""

from __future__ import annotations

from pathlib import Path

from aqa_bench.boards.site.build import build_site

ROOT = Path(__file__).resolve().parents[3]


def test_the_committed_site_weighs_less_than_four_megabytes_without_records(tmp_path: Path) -> None:
    out = tmp_path / "site"
    build_site(ROOT / "submissions", ROOT / "leaderboards", out, docs=ROOT / "docs")
    files = [file for file in out.rglob("*") if file.is_file() and "records" not in file.parts]
    assert sum(file.stat().st_size for file in files) < 4_000_000
