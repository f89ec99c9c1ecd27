"""What a run ran on, as its record tells it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from aqa_bench.core.checkout import checkout_root
from aqa_bench.core.lines import clipped
from aqa_bench.core.record import Environment, Sandbox

__all__ = ["describe_environment", "source_revision"]

_PACKAGES = (
    "aqa-bench",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "torchvision",
    "timm",
    "mediapipe",
    "ultralytics",
)


def describe_environment(sandbox: Sandbox | None = None) -> Environment:
    """Python, platform, processor, threads per process, and versions of what results depend on.

    Args:
        sandbox: What the method was shut in.
    """
    return Environment(
        python=platform.python_version(),
        platform=clipped(f"{platform.system()} {platform.machine()}"),
        processor=clipped(_processor()),
        threads=int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        sandbox=sandbox,
    )


def source_revision() -> str | None:
    """Git revision of the checkout the code runs from, with ``+`` when it has changes; else None."""
    root = checkout_root()
    if root is None:
        return None
    try:
        revision = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", "benchmark", "methods", "datasets")
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    if sys.platform == "linux":
        try:
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()
