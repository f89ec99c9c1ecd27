"""The leaderboards as a static site: pages that ask nothing of any server."""

from aqa_bench.boards.site.build import SiteReport, build_site

__all__ = ["SiteReport", "build_site"]
