"""Where plug-ins live: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["checkout_root", "search_path", "shipped_folder"]

_PACKAGE = Path(__file__).resolve().parents[1]


def checkout_root() -> Path | None:
    """The root of the source checkout the package runs from, or None when it is installed."""
    root = _PACKAGE.parents[1]
    return (
        root
        if (root / "benchmark" / "aqa_bench").resolve() == _PACKAGE and (root / "pyproject.toml").is_file()
        else None
    )


def shipped_folder(name: str) -> Path:
    """A folder of the repository: beside the package in a checkout, inside it in a wheel."""
    return (checkout_root() or _PACKAGE) / name


def search_path(kind: str, package_path: list[str]) -> list[str]:
    """Extend a plug-in package's ``__path__`` by the checkout's top-level folder of that name.

    Args:
        kind: ``"methods"`` or ``"datasets"``.
        package_path: The package's own ``__path__``.

    Returns:
        The search path; unchanged in an installed wheel, whose plug-ins are inside the package.
    """
    root = checkout_root()
    folder = None if root is None else root / kind
    return package_path if folder is None or not folder.is_dir() else [*package_path, str(folder)]
