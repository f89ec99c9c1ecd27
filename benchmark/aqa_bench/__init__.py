"""aqa-bench: the open benchmark suite and leaderboard for action quality assessment.

The names below load their dependencies on first use, so this import is cheap. ``__init__.pyi`` declares their
types for type checkers and editors.
"""

from __future__ import annotations

__all__ = [
    "BENCHMARK_VERSION",
    "__version__",
    "evaluate",
    "leaderboard",
    "list_datasets",
    "list_methods",
    "load_dataset",
    "load_model",
    "run",
]

__version__ = "0.1.0"

BENCHMARK_VERSION = "v2"
"""Version of the protocol: splits, metrics, thresholds and statistics. Part of every run-id."""

# Where each name comes from.
_HOMES = {
    "evaluate": "front.evaluation",
    "leaderboard": "front.board",
    "list_datasets": "front.catalogue",
    "list_methods": "front.catalogue",
    "load_dataset": "front.data",
    "load_model": "protocol.saved.model",
    "run": "front.running",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    # No full name: the code of a run would count the front door as something that it computes with.
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
