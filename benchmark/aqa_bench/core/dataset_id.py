"""How dataset ids are spelled: ``family``, ``family/name``, and ``@preset`` behind either."""

from __future__ import annotations

__all__ = ["family_of", "split_preset", "with_preset"]

_MARK = "@"


def split_preset(dataset: str) -> tuple[str, str | None]:
    """An id without its preset, and the preset; None where the id names none.

    >>> split_preset("synthetic-gym/backsquat@wild")
    ('synthetic-gym/backsquat', 'wild')
    >>> split_preset("pose-trainer/bicep-curl")
    ('pose-trainer/bicep-curl', None)
    """
    base, mark, preset = dataset.partition(_MARK)
    return base, preset if mark else None


def with_preset(dataset: str, preset: str | None) -> str:
    """The id with a preset behind it, or as it is where the preset is None."""
    return dataset if preset is None else f"{dataset}{_MARK}{preset}"


def family_of(dataset: str) -> str:
    """Name of the family that a dataset id, or a family's own name, belongs to.

    >>> family_of("synthetic-gym/backsquat@wild"), family_of("unlv-dive")
    ('synthetic-gym', 'unlv-dive')
    """
    return split_preset(dataset)[0].partition("/")[0]
