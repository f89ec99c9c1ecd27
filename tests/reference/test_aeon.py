"""MiniRocket and MultiRocket beside aeon's: the same features from the same kernels, and the same biases.

``aeon_1_6_0.npz`` holds what aeon 1.6.0 says. ``python tests/reference/test_aeon.py`` writes it again, where
aeon is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

FILE = Path(__file__).with_name("aeon_1_6_0.npz")
CHANNELS, LENGTH, KERNELS = 5, 33, 84 * 3
BANKS = ("mini", "multi", "multi_differences")


def series(seed: int, clips: int) -> np.ndarray:
    """Random walks with rests, on a grid on which float32 sums are exact."""
    steps = np.random.default_rng(seed).integers(-40, 41, (clips, CHANNELS, LENGTH))
    steps[..., 10:14] = 0
    return steps.cumsum(axis=2) / 64


def by_aeon() -> dict[str, np.ndarray]:
    """Kernels fitted on one clip, and the features of two others, both ways."""
    from aeon.transformations.collection.convolution_based import MiniRocket, MultiRocket

    train, test, found = series(0, 1), series(1, 2), {}
    mini = MiniRocket(n_kernels=KERNELS, random_state=7).fit(train)
    multi = MultiRocket(n_kernels=KERNELS, random_state=7).fit(train)
    for bank, parts in zip(BANKS, (mini.parameters, multi.parameter, multi.parameter1), strict=True):
        for name, part in zip(("widths", "channels", "dilations", "counts", "biases"), parts, strict=True):
            found[f"{bank}_{name}"] = part
    return found | {"mini": mini.transform(test), "multi": multi.transform(test)}


@pytest.fixture(scope="module")
def theirs() -> dict[str, np.ndarray]:
    with np.load(FILE) as file:
        return dict(file)


def kernels_of(theirs: dict[str, np.ndarray], bank: str, channels_of: str | None = None) -> list[Any]:
    from aqa_bench.methods.rocket.kernels import Kernels

    dilations, counts, biases = (theirs[f"{bank}_{name}"] for name in ("dilations", "counts", "biases"))
    widths, channels = (theirs[f"{channels_of or bank}_{name}"] for name in ("widths", "channels"))
    chosen = np.split(channels, np.cumsum(widths)[:-1])
    mask = np.array([np.isin(np.arange(CHANNELS), part) for part in chosen]).reshape(-1, 84, CHANNELS)
    by_dilation = np.split(biases.astype(float), 84 * np.cumsum(counts)[:-1])
    return [
        Kernels(int(dilation), mask[place], by_dilation[place].reshape(84, -1), place % 2)
        for place, dilation in enumerate(dilations)
    ]


def in_their_order(ours: np.ndarray, kernels: list[Any]) -> np.ndarray:
    """``(n, D, P)``: by dilation and kernel; ours has every dilation's padded kernels first."""
    ours, start = ours.reshape(len(ours), -1, ours.shape[1] // sum(k.biases.size for k in kernels)), 0
    parts = []
    for bank in kernels:
        part = ours[:, start : start + bank.biases.size].reshape(len(ours), *bank.biases.shape, -1)
        padded_first = np.argsort(np.arange(84) % 2 != bank.first_padded, kind="stable")
        parts.append(part[:, np.argsort(padded_first)].reshape(len(ours), bank.biases.size, -1))
        start += bank.biases.size
    return np.concatenate(parts, axis=1)


def test_features_of_minirocket_are_those_of_aeon(theirs: dict[str, np.ndarray]) -> None:
    from aqa_bench.methods.rocket.pooling import pooled, proportion

    kernels = kernels_of(theirs, "mini")
    ours = in_their_order(pooled(series(1, 2), kernels, proportion), kernels)[..., 0]
    assert len(np.unique(ours)) > 20
    np.testing.assert_array_equal(ours.astype(np.float32), theirs["mini"])


def of_multirocket(kernels: list[Any], view: np.ndarray) -> np.ndarray:
    """Our features in their order: number by number."""
    from aqa_bench.methods.rocket.pooling import four, pooled

    return in_their_order(pooled(view, kernels, four), kernels).transpose(0, 2, 1).reshape(len(view), -1)


def test_features_of_multirocket_are_those_of_aeon(theirs: dict[str, np.ndarray]) -> None:
    ours = of_multirocket(kernels_of(theirs, "multi"), series(1, 2))
    np.testing.assert_allclose(ours, theirs["multi"][:, : 84 * 3 * 4], rtol=1e-6, atol=1e-6)


def test_features_of_differences_are_those_of_aeon_but_for_two_slips(
    theirs: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On differences aeon 1.6.0 uses other kernels than it found the biases with; ours does not.

    It takes the channels that were drawn for the series, and it pads by the length of the series, which is
    one more, so that the taps before the middle lie one point later.
    """
    from aqa_bench.methods.rocket import kernels as module

    def late(view: np.ndarray, dilation: int) -> np.ndarray:
        width, length = view.shape
        padded = np.pad(view, ((0, 0), (4 * dilation, 4 * dilation + 1)))
        starts = [tap * dilation + (tap < 4) for tap in range(9)]
        return np.stack([padded[:, s : s + length] for s in starts], axis=1).reshape(width * 9, length)

    monkeypatch.setattr(module, "_taps", late)
    kernels = kernels_of(theirs, "multi_differences", channels_of="multi")
    ours = of_multirocket(kernels, np.diff(series(1, 2)))
    np.testing.assert_allclose(ours, theirs["multi"][:, 84 * 3 * 4 :], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("bank", BANKS)
def test_dilations_and_biases_are_those_of_aeon(
    bank: str, theirs: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqa_bench.methods.rocket import kernels as module

    expected = kernels_of(theirs, bank)
    channels = iter([kernel.channels for kernel in expected])
    monkeypatch.setattr(module, "_draw_channels", lambda *_: next(channels))
    train = np.diff(series(0, 1)) if bank.endswith("differences") else series(0, 1)
    drawn = module.draw_kernels(train, KERNELS, np.random.default_rng(0))
    assert [(k.dilation, k.first_padded) for k in drawn] == [(k.dilation, k.first_padded) for k in expected]
    for ours, kernel in zip(drawn, expected, strict=True):
        # aeon's quantiles are float32.
        np.testing.assert_allclose(ours.biases, kernel.biases, rtol=1e-4, atol=1e-4)


def test_the_file_is_what_aeon_says(theirs: dict[str, np.ndarray]) -> None:
    pytest.importorskip("aeon", reason="no release of aeon installs beside the versions of constraints.txt")
    live = by_aeon()
    assert live.keys() == theirs.keys()
    for name, value in live.items():
        np.testing.assert_array_equal(value, theirs[name])


if __name__ == "__main__":
    np.savez_compressed(FILE, **by_aeon())
