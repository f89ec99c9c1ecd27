"""A model that looks at the lifter brings the finder along: files are judged without its dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from aqa_bench.core.files import sha256_file
from aqa_bench.core.registry import find_method
from aqa_bench.core.sample import Media, Sample, UInt8Array
from aqa_bench.core.sealed import Damaged
from aqa_bench.core.task import Modality
from aqa_bench.learn.lifter.finder import LifterFinder
from aqa_bench.learn.lifter.network import LifterNetwork
from aqa_bench.protocol.regions import Cutter, Region, RegionDataset, found_boxes
from aqa_bench.protocol.saved import model as saved_model
from aqa_bench.protocol.saved.document import SavedFinder
from aqa_bench.protocol.saved.folder import FINDER_FILE
from aqa_bench.protocol.saved.model import SavedModel
from aqa_bench.protocol.saved.saving import ModelSaving


class Clip(Media):
    provides = frozenset({Modality.FRAMES})
    length, content_key = 9, "c" * 64

    def frames(self, indices: Sequence[int] | None = None, size: int | None = None) -> UInt8Array:
        drawn = np.random.default_rng(0).integers(0, 255, (9, 60, 80, 3), np.uint8)
        return drawn if indices is None else drawn[list(indices)]


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, SavedFinder]:
    """What the saving of a run on a region writes, with weights that nobody has trained."""
    view = RegionDataset.__new__(RegionDataset)
    view.finder = lambda: ("gym", LifterFinder(LifterNetwork()))  # type: ignore[method-assign]
    saving = ModelSaving.__new__(ModelSaving)
    saving._resolved = SimpleNamespace(dataset=view)  # type: ignore[assignment]
    found = saving._finder(tmp_path)
    assert found is not None
    return tmp_path, found


def model(folder: Path, finder: SavedFinder | None) -> SavedModel:
    run = SimpleNamespace(hyperparameters={"region": "legs"}, dataset="nobody/has-it", method="imagenet")
    document = SimpleNamespace(run=run, finder=finder)
    return SavedModel(folder, document, find_method("imagenet"))  # type: ignore[arg-type]


def test_the_finder_is_in_the_folder_and_cuts_as_the_dataset_does(saved: tuple[Path, SavedFinder]) -> None:
    folder, known = saved
    assert (known.name, known.sha256) == ("gym", sha256_file(folder / FINDER_FILE))
    saved_model._finder.cache_clear()
    (shown,) = model(folder, known)._shown([Sample("a", "g", Clip())])
    own = Cutter(Region("legs"), found_boxes("gym", lambda: LifterFinder.load(folder / FINDER_FILE)))
    left, top, right, bottom = own.box(Clip())
    assert shown.media.frames([0]).shape == (1, bottom - top, right - left, 3)
    assert shown.media.content_key == own.cut(Sample("b", "g", Clip())).media.content_key


def test_another_finder_is_refused(saved: tuple[Path, SavedFinder]) -> None:
    folder, known = saved
    (folder / FINDER_FILE).write_bytes(b"another")
    with pytest.raises(Damaged, match="does not match its document"):
        model(folder, known)._shown([Sample("a", "g", Clip())])
    (folder / FINDER_FILE).unlink()
    with pytest.raises(Damaged, match="no such file"):
        model(folder, known)._shown([Sample("a", "g", Clip())])
