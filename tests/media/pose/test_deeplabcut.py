from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aqa_bench.core.errors import DataError
from aqa_bench.media.pose.arrays import PoseKind
from aqa_bench.media.pose.deeplabcut import is_deeplabcut
from aqa_bench.media.pose.pose_files import read_pose_file

PARTS = ("nose", "left_knee", "right_knee")


def frame(values: np.ndarray, coords: tuple[str, ...]) -> pd.DataFrame:
    """The table as DeepLabCut builds it: a pandas frame whose columns have three levels."""
    levels = pd.MultiIndex.from_product(
        [["DLC_resnet50"], PARTS, coords], names=["scorer", "bodyparts", "coords"]
    )
    return pd.DataFrame(values.reshape(len(values), -1), columns=levels)


@pytest.fixture
def values() -> np.ndarray:
    found = np.random.default_rng(0).uniform(0, 1, (5, 3, 3)).round(6)
    found[2, 1] = np.nan
    return found


def test_what_pandas_writes_is_read_back(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "squat 1DLC_resnet50.csv"
    frame(values, ("x", "y", "likelihood")).to_csv(path)
    pose = read_pose_file(path)
    assert (pose.kind, pose.names) == (PoseKind.KEYPOINTS, PARTS)
    np.testing.assert_allclose(pose.values, values, rtol=1e-6)


def test_triangulated_files_are_in_space(tmp_path: Path, values: np.ndarray) -> None:
    frame(values, ("x", "y", "z")).to_csv(tmp_path / "a.csv")
    pose = read_pose_file(tmp_path / "a.csv")
    assert pose.kind is PoseKind.JOINTS
    np.testing.assert_allclose(pose.values, values, rtol=1e-6)


def test_a_spreadsheet_has_been_at_it_and_a_frame_is_gone(tmp_path: Path, values: np.ndarray) -> None:
    table = frame(values, ("x", "y", "likelihood")).drop(index=3)
    text = table.to_csv(sep=";", decimal=",").replace("\n", "\r\n")
    (tmp_path / "a.csv").write_bytes(text.encode("utf-8-sig"))
    pose = read_pose_file(tmp_path / "a.csv")
    assert pose.values.shape == values.shape
    assert np.isnan(pose.values[3]).all()
    np.testing.assert_allclose(pose.values[[0, 1, 2, 4]], values[[0, 1, 2, 4]], rtol=1e-6)


def test_several_individuals_are_refused_by_name(tmp_path: Path, values: np.ndarray) -> None:
    names = ["scorer", "individuals", "bodyparts", "coords"]
    levels = pd.MultiIndex.from_product(
        [["DLC"], ["ann", "ben"], PARTS, ["x", "y", "likelihood"]], names=names
    )
    both = np.concatenate([values, values], axis=1).reshape(5, -1)
    pd.DataFrame(both, columns=levels).to_csv(tmp_path / "a.csv")
    with pytest.raises(DataError, match="several individuals") as caught:
        read_pose_file(tmp_path / "a.csv")
    assert "ann, ben" in str(caught.value.found)
    assert "separate file" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("scorer,a,a\nbodyparts,nose,nose\n", "scorer, bodyparts"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n", "0 lines of frames"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,z\n0,1,2\n", "with x, z"),
        ("scorer,a,a,a\nbodyparts,nose,nose,hip\ncoords,x,y,x\n0,1,2,3\n", "nose, nose, hip"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n0,1\n", "2 cells in line 4"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n0,1,far\n", "line 4"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n0,1,2\n0,1,2\n", "1 different numbers"),
        ("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\nimg001.png,1,2\n", "labelled pictures"),
    ],
)
def test_what_is_damaged_is_said(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match="DeepLabCut file cannot be read") as caught:
        read_pose_file(tmp_path / "a.csv")
    assert found in str(caught.value.found)


def test_other_tables_are_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frame,joint,x,y\n0,nose,1,2\n")
    assert not is_deeplabcut(tmp_path / "a.csv")
    assert not is_deeplabcut(tmp_path / "gone.csv")
    assert read_pose_file(tmp_path / "a.csv").names == ("nose",)
