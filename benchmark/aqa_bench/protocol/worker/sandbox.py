"""The sandbox that this machine has: bubblewrap, or else Landlock."""

from __future__ import annotations

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.worker.bubblewrap import launch_bubblewrap, why_no_bubblewrap
from aqa_bench.protocol.worker.confinement import why_no_landlock
from aqa_bench.protocol.worker.landlock import launch_landlock
from aqa_bench.protocol.worker.session import Launcher

__all__ = ["BUBBLEWRAP", "LANDLOCK", "sandboxed"]

BUBBLEWRAP = Launcher(launch_bubblewrap, "bubblewrap")
LANDLOCK = Launcher(launch_landlock, "landlock")


def sandboxed() -> Launcher:
    """Starts workers without a network, which write to one folder.

    Raises:
        UsageError: This machine has neither kind.
    """
    no_bubblewrap = why_no_bubblewrap()
    if not no_bubblewrap:
        return BUBBLEWRAP
    no_landlock = why_no_landlock()
    if not no_landlock:
        return LANDLOCK
    raise UsageError(
        "This machine has no sandbox.",
        where="--sandbox",
        expected="bubblewrap, or a Linux kernel with Landlock",
        found=f"{no_bubblewrap}; {no_landlock}",
        remedy="Install the Debian package bubblewrap, or run without --sandbox.",
    )
