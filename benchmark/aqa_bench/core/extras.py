"""What a light install lacks: the extra that brings a package that is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aqa_bench.core.errors import UsageError

__all__ = ["missing_extra"]

_EXTRAS: Final[Mapping[str, str]] = {"av": "video", "torch": "train", "torchvision": "train"}


def missing_extra(error: BaseException) -> UsageError | None:
    """What to say of an import that failed since an extra is not installed; None of any other error.

    Args:
        error: What was raised.
    """
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    package = error.name.partition(".")[0]
    if package not in _EXTRAS:
        return None
    extra = _EXTRAS[package]
    return UsageError(
        f"This needs the extra {extra!r}.",
        expected=f"the package {package}",
        found=f"a light install, without {package}",
        remedy=f'pip install "aqa-bench[{extra}]"',
    )
