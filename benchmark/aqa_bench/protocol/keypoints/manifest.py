"""``manifest.json`` of a folder of poses: what its files do not say themselves."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aqa_bench.core.bounded import read_bounded
from aqa_bench.core.errors import DataError, UsageError
from aqa_bench.core.lines import Line
from aqa_bench.media.layouts import find_layout
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.people import People

__all__ = ["MANIFEST", "KeypointManifest", "read_manifest"]

MANIFEST = "manifest.json"


class KeypointManifest(BaseModel):
    """Content of ``manifest.json``; everything in it may be left out, and so may the file.

    Attributes:
        version: Version of this format.
        kind: What all files hold.
        layout: Joint order of all files; by default what they say themselves.
        people: Who is taken of several people; None refuses several.
        estimator: What estimated the poses: program, version, model, options.
        licence: Licence of the poses.
        dataset: Dataset id that the sample ids are of.
        details: Anything else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    kind: PoseKind = PoseKind.KEYPOINTS
    layout: str | None = None
    people: People | None = None
    estimator: Line | None = None
    licence: Line | None = None
    dataset: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)

    @field_validator("layout")
    @classmethod
    def _known(cls, layout: str | None) -> str | None:
        if layout is not None:
            try:
                find_layout(layout)
            except UsageError as error:
                raise ValueError(f"{error.what} Known are {error.expected}") from error
        return layout


def read_manifest(file: Path) -> KeypointManifest:
    """Read a manifest; defaults where there is no file.

    Raises:
        DataError: It cannot be read or does not follow the schema; near names are suggested.
    """
    try:
        text = read_bounded(file).decode("utf-8-sig")
    except FileNotFoundError:
        return KeypointManifest()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(file, "a JSON document in UTF-8", str(error)) from error
    try:
        return KeypointManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            near = difflib.get_close_matches(place, KeypointManifest.model_fields, n=1)
            found = place + (f" (did you mean {near[0]}?)" if near else "")
            raise _refused(file, ", ".join(KeypointManifest.model_fields), found) from error
        expected = first["msg"].removeprefix("Value error, ")
        raise _refused(file, expected, f"{place or 'the document'}: {first['input']!r:.80}") from error


def _refused(file: Path, expected: str, found: str) -> DataError:
    return DataError(
        "The manifest of the keypoints cannot be used.",
        where=file,
        expected=expected,
        found=found,
        remedy="Correct it; docs/keypoints.md has an example.",
    )
