from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose import People
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.protocol.keypoints.manifest import KeypointManifest, read_manifest

FULL = {
    "layout": "spin-49",
    "kind": "joints",
    "people": "largest",
    "estimator": "SPIN",
    "licence": "CC BY-NC 4.0",
    "dataset": "fitness-aqa/backsquat",
    "details": {"checkpoint": "2019-09"},
}


def written(folder: Path, document: Any, encoding: str = "utf-8") -> Path:
    file = folder / "manifest.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding=encoding)
    return file


def test_without_a_manifest_everything_is_left_to_the_files(tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "manifest.json") == KeypointManifest()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_manifest_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    manifest = read_manifest(written(tmp_path, FULL, encoding))
    assert (manifest.kind, manifest.layout, manifest.people) == (PoseKind.JOINTS, "spin-49", People.LARGEST)
    assert manifest.details == {"checkpoint": "2019-09"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"layout": "body25"}, "Did you mean 'body-25'?"),
        ({"layouts": "body-25"}, "layouts (did you mean layout?)"),
        ({"people": "tallest"}, "'nearest' or 'largest'"),
        ({"kind": "2d"}, "'keypoints', 'joints' or 'distances'"),
        ("{", "JSON"),
        ([], "object"),
    ],
)
def test_what_is_unknown_is_named_beside_what_is_known(tmp_path: Path, document: Any, told: str) -> None:
    file = written(tmp_path, document)
    with pytest.raises(DataError) as caught:
        read_manifest(file)
    assert told in f"{caught.value.expected} {caught.value.found}"
    assert caught.value.where == str(file)
    assert caught.value.remedy
