"""Plug-ins: their cards, and where the code behind the cards is. Nothing is imported before ``load``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aqa_bench.core.blame import plugin_place
from aqa_bench.core.cards import MethodCard
from aqa_bench.core.dataset_card import DatasetCard
from aqa_bench.core.errors import AqaBenchError
from aqa_bench.core.extras import missing_extra

if TYPE_CHECKING:
    from aqa_bench.core.dataset import DatasetFamily
    from aqa_bench.core.method import Method

__all__ = ["DatasetPlugin", "MethodPlugin", "load_method"]


@dataclass(frozen=True, slots=True)
class MethodPlugin:
    """A method that is installed.

    Attributes:
        card: The method's card.
        factory: ``"package.module:Class"`` of the :class:`Method`.
        folder: Where its ``card.toml`` and ``recipes.toml`` lie.
        default_recipe: Recipe used when none is named.
    """

    card: MethodCard
    factory: str
    folder: Path
    default_recipe: str = "quick"

    @property
    def package(self) -> str:
        """Import path of the package that holds the class."""
        return self.factory.partition(":")[0].rpartition(".")[0]

    def load(self) -> type[Method[Any]]:
        """Import the method's class.

        Raises:
            AqaBenchError: It cannot be imported, or is no :class:`Method`.
            UsageError: It needs an extra that is not installed.
        """
        return load_method(self.factory)


@dataclass(frozen=True, slots=True)
class DatasetPlugin:
    """A family of datasets that is installed.

    Attributes:
        name: Name of the family, e.g. ``pose-trainer``.
        cards: Cards of its dataset ids.
        factory: ``"package.module:object"`` of the :class:`DatasetFamily`.
        folder: Where its ``card.toml`` lies.
    """

    name: str
    cards: tuple[DatasetCard, ...]
    factory: str
    folder: Path

    def load(self) -> DatasetFamily:
        """Import the family's reader.

        Raises:
            AqaBenchError: It cannot be imported, or cannot open and prepare.
        """

        def fits(found: object) -> bool:
            return all(callable(getattr(found, name, None)) for name in ("open", "prepare"))

        family: DatasetFamily = _load(self.factory, fits, "an object with open(...) and prepare(...)")
        return family


def load_method(factory: str) -> type[Method[Any]]:
    """Import a method's class.

    Args:
        factory: ``"package.module:Class"``.

    Raises:
        AqaBenchError: It cannot be imported, or is no :class:`Method`.
        UsageError: It needs an extra that is not installed.
    """
    from aqa_bench.core.method import Method

    def fits(found: object) -> bool:
        return isinstance(found, type) and issubclass(found, Method)

    kind: type[Method[Any]] = _load(factory, fits, "a subclass of aqa_bench.core.method.Method")
    return kind


def _load(factory: str, fits: Callable[[object], bool], expected: str) -> Any:
    module, _, name = factory.partition(":")
    try:
        found = getattr(import_module(module), name)
    except AqaBenchError:
        raise
    except Exception as error:
        # Importing foreign code may raise anything.
        if (missing := missing_extra(error)) is not None:
            missing.where = factory
            raise missing from error
        place = plugin_place(error)
        raise AqaBenchError(
            "A plug-in cannot be imported.",
            where=factory,
            expected=expected,
            found=f"{type(error).__name__}: {error}" + (f" ({place})" if place else ""),
            remedy="Correct or uninstall the plug-in.",
        ) from error
    if not fits(found):
        raise AqaBenchError(
            "A plug-in has the wrong type.",
            where=factory,
            expected=expected,
            found=f"{found.__name__}, a class" if isinstance(found, type) else type(found).__name__,
            remedy=f"Correct factory in the plug-in's card.toml, or correct {name}.",
        )
    return found
