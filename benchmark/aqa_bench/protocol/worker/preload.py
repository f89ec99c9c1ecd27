"""What a fork server imports beforehand, by what a method's package needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from aqa_bench.core.plugin import MethodPlugin

__all__ = ["fits_import", "loaded", "modules_for", "wanted"]

_LIGHT = ("numpy", "scipy.special", "aqa_bench.protocol.worker.child")
_HEAVY = (
    *_LIGHT,
    "torch",
    "aqa_bench.learn.methods.image_method",
    "aqa_bench.learn.methods.video_method",
)
# What an optimizer imports when the first one is made, in seconds.
_TRAINING = ("torch._dynamo",)


_MOST = 2000
_OURS = re.compile(
    r"(torch|torchvision|sklearn|scipy|numpy|pandas|timm|pytorchvideo|safetensors|PIL|captum"
    r"|aqa_bench\.(core|stats|media|learn))(\.(?!__main__\b)\w+)*",
    re.ASCII,
)


def modules_for(plugin: MethodPlugin) -> tuple[str, ...]:
    """Modules of ours and of libraries; where the guess is wrong, it costs time alone."""
    return _HEAVY if _is_heavy(plugin.folder) else _LIGHT


def fits_import(plugin: MethodPlugin) -> tuple[str, ...]:
    """Modules that fits of a method import late, whatever labels they see."""
    return _TRAINING if _is_heavy(plugin.folder) else ()


def loaded(before: Iterable[str]) -> list[str]:
    """Modules of libraries, and of ours but for plug-ins, that this process has imported since."""
    return [name for name in sys.modules.keys() - set(before) if _OURS.fullmatch(name)][:_MOST]


def wanted(told: object) -> list[str]:
    """Of the names that a worker told, those that may be imported for the next: of libraries, and of ours."""
    names = told if isinstance(told, list) else []
    return [n for n in names[:_MOST] if isinstance(n, str) and len(n) < 200 and _OURS.fullmatch(n)]


@lru_cache(maxsize=256)
def _is_heavy(folder: Path) -> bool:
    """Whether a package's own text names torch, or the room that is built on it. It is not imported."""
    texts = (file.read_bytes() for file in folder.rglob("*.py"))
    return any(b"torch" in text or b"aqa_bench.learn" in text for text in texts)
