"""A folder of features as people exchange them: a manifest, and an array for each sample id."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from aqa_bench.core.arrays import ARRAY_BYTES, ArrayArchive, parse_npy
from aqa_bench.core.bounded import DOCUMENT_BYTES, parse_json, read_bounded
from aqa_bench.core.errors import DataError
from aqa_bench.core.files import pretty_json, sha256_bytes, sha256_file
from aqa_bench.core.lines import Line, PlainDict
from aqa_bench.core.pointer import pointer_in
from aqa_bench.core.progress import Progress

__all__ = ["MANIFEST", "FeatureFile", "FeatureFolder", "FeatureManifest", "write_features"]

MANIFEST = "manifest.json"
_MANIFEST_BYTES = 4 * DOCUMENT_BYTES
_REMEDY = "Correct the folder, or export the features again (aqa-bench features export)."


class FeatureFile(BaseModel):
    """A file beside the manifest.

    Attributes:
        file: Its path below the manifest's folder.
        sha256: Hex digest of its content.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class FeatureManifest(BaseModel):
    """Content of ``manifest.json``.

    Attributes:
        version: Version of this format.
        extractor: What computed the features: network, weights, input size, pooling.
        dims: Length ``D`` of a feature.
        licence: Licence of the features, which mostly is that of the data and the weights.
        pretrained_on: Data the extractor had seen before, in words; "nothing" if none.
        dataset: Dataset id that the sample ids are of; None where the file does not say.
        features: A ``.npy`` file for each sample id, or
        archive: one ``.npz`` or ``.safetensors`` file whose arrays are named by sample ids.
        details: Anything else, e.g. the settings of the extractor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    extractor: Line = Field(min_length=1)
    dims: int = Field(ge=1)
    licence: Line = Field(min_length=1)
    pretrained_on: Line = Field(min_length=1)
    dataset: str | None = None
    features: dict[str, FeatureFile] | None = None
    archive: FeatureFile | None = None
    details: PlainDict = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.features is None) == (self.archive is None):
            raise ValueError("either features (one file per sample id) or archive (one file) is needed")
        return self


class FeatureFolder:
    """Features on disk.

    Args:
        path: The folder, or its ``manifest.json``.

    Attributes:
        path: The folder.
        manifest: Its manifest.
        sha256: Hex SHA-256 of ``manifest.json``, which holds the hash of every array.

    Raises:
        DataError: There is no manifest, or it does not follow the schema.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.parent if path.name == MANIFEST else path
        file = self.path / MANIFEST
        try:
            content = read_bounded(file, _MANIFEST_BYTES)
            # Some editors put a byte order mark first.
            self.manifest = FeatureManifest.model_validate_json(content.removeprefix(codecs.BOM_UTF8))
        except OSError as error:
            raise DataError(
                "There are no features to import.",
                where=file,
                expected=f"a folder with {MANIFEST} and the arrays that it lists",
                found="no such file" if isinstance(error, FileNotFoundError) else error.strerror,
                remedy="Correct --features.",
            ) from error
        except ValidationError as error:
            if (pointer := pointer_in(content)) is not None:
                raise _unusable(file, "the file", pointer) from error
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _unusable(
                file, first["msg"], f"{place or 'the document'}: {first['input']!r:.80}"
            ) from error
        self.sha256 = sha256_bytes(content)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Sample ids that there are features of.

        Raises:
            DataError: The archive cannot be read.
        """
        if self.manifest.features is not None:
            return frozenset(self.manifest.features)
        names: frozenset[str] = self._archive(lambda names, _: frozenset(names))
        return names

    def facts(self) -> dict[str, Any]:
        """What a run's record tells of the features, as plain JSON."""
        manifest = self.manifest
        return {
            "pretrained_on": manifest.pretrained_on,
            "features": {
                "extractor": manifest.extractor,
                "manifest_sha256": self.sha256,
                "dims": manifest.dims,
                "licence": manifest.licence,
                "details": manifest.details,
            },
        }

    def read(self, sample: str) -> npt.NDArray[np.float32]:
        """Features of one sample id: ``(T, D)`` or ``(D,)`` float32, finite.

        Raises:
            DataError: There are none, the file is not the one that the manifest names, or it holds
                anything else.
        """
        if self.manifest.features is None:
            if sample not in self.ids:
                raise _unusable(self.path / MANIFEST, f"features of {sample}", "none")
            return self._checked(self._archive(lambda _, get: get(sample)), sample)
        if sample not in self.manifest.features:
            raise _unusable(self.path / MANIFEST, f"features of {sample}", "none")
        named = self.manifest.features[sample]
        path = self._inside(named.file)
        try:
            content = read_bounded(path, ARRAY_BYTES)
        except OSError as error:
            raise _unusable(path, f"features of {sample}", error.strerror or str(error)) from error
        if sha256_bytes(content) != named.sha256:
            if (pointer := pointer_in(content)) is not None:
                raise _unusable(path, "the file", pointer)
            raise _changed(path, named.sha256, sha256_bytes(content))
        try:
            array = parse_npy(content)
        except ValueError as error:
            raise _unusable(path, "a .npy file of floats", str(error)) from error
        return self._checked(array, sample)

    def verify(self, samples: Iterable[str], progress: Progress) -> None:
        """Read the features of samples once, before any work is spent on them.

        Args:
            samples: Their ids.
            progress: Where to report.

        Raises:
            DataError: Anything that :meth:`read` refuses, or some are sequences and others vectors.
        """
        wanted = list(samples)
        archive = self.manifest.archive
        if archive is not None:
            path = self._inside(archive.file)
            digest = self._translated(lambda: sha256_file(path), path)
            if digest != archive.sha256:
                raise _changed(path, archive.sha256, digest)
        kinds: dict[int, str] = {}
        progress.start("checking features", len(wanted))
        try:
            for sample in wanted:
                kinds.setdefault(self.read(sample).ndim, sample)
                progress.advance()
        finally:
            progress.close()
        if len(kinds) > 1:
            found = f"{kinds[1]} is a vector and {kinds[2]} a sequence"
            raise _unusable(self.path, "sequences (T, D) or vectors (D,), not both", found)

    def _checked(self, array: Any, sample: str) -> npt.NDArray[np.float32]:
        dims = self.manifest.dims
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            kind = getattr(array, "dtype", type(array).__name__)
            raise _unusable(self.path, f"floats as features of {sample}", f"values of type {kind}")
        if array.ndim not in (1, 2) or array.shape[-1] != dims or 0 in array.shape:
            expected = f"(T, {dims}) or ({dims},), as stated in the manifest, for {sample}"
            raise _unusable(self.path, expected, f"shape {array.shape}")
        with np.errstate(over="ignore"):
            features = array.astype(np.float32)
        if not np.isfinite(features).all():
            found = f"{int((~np.isfinite(features)).sum())} of {features.size} are not"
            raise _unusable(self.path, f"finite features of {sample} in float32", found)
        return features

    def _archive(self, use: Callable[[list[str], Callable[[str], Any]], Any]) -> Any:
        named = self.manifest.archive
        if named is None:
            raise _unusable(self.path / MANIFEST, "an archive", "none")
        path = self._inside(named.file)

        def work() -> Any:
            if path.suffix == ".safetensors":
                with safe_open(path, "np") as file:
                    return use(list(file.keys()), lambda name: _tensor(path, file, name))
            with ArrayArchive(path) as archive:
                return use(archive.names, archive.read)

        return self._translated(work, path)

    def _translated(self, work: Callable[[], Any], path: Path) -> Any:
        try:
            return work()
        except (OSError, ValueError, TypeError, AttributeError, SafetensorError) as error:
            raise _unusable(path, "a .npz or .safetensors file of floats", str(error)) from error

    def _inside(self, file: str) -> Path:
        # By its name alone: hubs, git-annex and DVC keep contents elsewhere behind links, and the digest
        # says whether it is the content that was meant.
        written = PurePosixPath(file.replace("\\", "/"))
        if written.is_absolute() or Path(file).is_absolute() or os.pardir in written.parts:
            raise _unusable(self.path / MANIFEST, "files below the manifest's folder", file)
        return self.path / file


def _tensor(path: Path, file: Any, name: str) -> npt.NDArray[Any]:
    """A tensor of a safetensors file. NumPy lacks bfloat16: the upper halves of float32 numbers."""
    if file.get_slice(name).get_dtype() != "BF16":
        array: npt.NDArray[Any] = file.get_tensor(name)
        return array
    with path.open("rb") as content:
        length = int.from_bytes(content.read(8), "little")
        told = parse_json(content.read(length))[name]
        start, end = told["data_offsets"]
        content.seek(8 + length + start)
        halves = np.frombuffer(content.read(end - start), "<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(told["shape"])


def write_features(
    folder: Path, features: Iterable[tuple[str, npt.NDArray[np.float32]]], facts: Mapping[str, Any]
) -> FeatureManifest:
    """Write arrays and their manifest.

    Args:
        folder: An empty folder.
        features: Sample ids with their arrays, at least one.
        facts: The manifest's other values; ``dims`` is read off the arrays.

    Raises:
        DataError: There are no features.
    """
    files: dict[str, FeatureFile] = {}
    dims = 0
    for sample, array in features:
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
        # Sample ids may hold slashes, and two may differ in case alone.
        name = f"{sha256_bytes(sample.encode())[:16]}.npy"
        (folder / name).write_bytes(buffer.getvalue())
        files[sample] = FeatureFile(file=name, sha256=sha256_bytes(buffer.getvalue()))
        dims = array.shape[-1]
    if not files:
        raise DataError("There are no samples to write features for.", where=folder)
    manifest = FeatureManifest.model_validate(
        {**facts, "dims": dims, "features": dict(sorted(files.items()))}
    )
    (folder / MANIFEST).write_text(pretty_json(manifest.model_dump(mode="json", exclude_none=True)))
    return manifest


def _unusable(where: Path, expected: str, found: str) -> DataError:
    return DataError(
        "Imported features cannot be used.", where=where, expected=expected, found=found, remedy=_REMEDY
    )


def _changed(path: Path, expected: str, found: str) -> DataError:
    return _unusable(path, f"SHA-256 {expected}, as stated in the manifest", f"SHA-256 {found}")
