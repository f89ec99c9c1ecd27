"""What a fork server imports beforehand, by what a method's package needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from aqa_bench.core.method import MethodPlugin

__all__ = ["loaded", "modules_for", "sources", "wanted"]

_LIGHT = ("numpy", "scipy.special", "aqa_bench.protocol.worker.child")
_HEAVY = (
    *_LIGHT,
    "torch",
    "aqa_bench.learn.methods.image_method",
    "aqa_bench.learn.methods.video_method",
)


_MOST = 2000
_OURS = re.compile(
    r"(torch|torchvision|sklearn|scipy|numpy|pandas|timm|pytorchvideo|safetensors|PIL|captum"
    r"|aqa_bench\.(core|stats|media|learn))(\.\w+)*"
)


def modules_for(plugin: MethodPlugin) -> tuple[str, ...]:
    """Modules of ours and of libraries; where the guess is wrong, it costs time alone."""
    return _HEAVY if _is_heavy(plugin.package) else _LIGHT


def loaded(before: Iterable[str]) -> list[str]:
    """Modules of libraries, and of ours but for plug-ins, that this process has imported since."""
    return [name for name in sys.modules.keys() - set(before) if _OURS.fullmatch(name)][:_MOST]


def wanted(told: object) -> list[str]:
    """Of the names that a worker told, those that may be imported for the next: of libraries, and of ours."""
    names = told if isinstance(told, list) else []
    return [n for n in names[:_MOST] if isinstance(n, str) and len(n) < 200 and _OURS.fullmatch(n)]


@lru_cache(maxsize=256)
def _is_heavy(package: str) -> bool:
    """Whether the package's own text names torch, or the room that is built on it. It is not imported."""
    return any(
        b"torch" in file.read_bytes() or b"aqa_bench.learn" in file.read_bytes() for file in sources(package)
    )


def sources(package: str) -> list[Path]:
    """The Python files of a plug-in's package, found without importing it."""
    # The spec of a top-level package is found without running it; one further down would run its parents.
    root, *rest = package.split(".")
    if root == "aqa_bench" and rest:
        # Ours, and it adds the checkout's folder to its path.
        places: list[str] = list(import_module(f"{root}.{rest.pop(0)}").__path__)
    else:
        spec = find_spec(root)
        places = [] if spec is None else list(spec.submodule_search_locations or ())
    return [file for place in places for file in sorted(Path(place, *rest).rglob("*.py"))]
