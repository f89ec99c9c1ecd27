"""Telling a package that is missing from code that fails."""

from __future__ import annotations

__all__ = ["missing_package"]


def missing_package(error: BaseException) -> str | None:
    """The package that an error is about, if it says that one cannot be found.

    Args:
        error: Anything that was raised; what it was raised from counts too.

    Returns:
        The package's import name, or None where nothing but this project's own code is to blame.

    Example:
        >>> try:
        ...     import no_such_package.part
        ... except ImportError as error:
        ...     missing_package(error)
        'no_such_package'
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            package = seen.name.partition(".")[0]
            return None if package == "aqa_bench" else package
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return None
