from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from aqa_bench.learn.features.extractor import FeatureCache, feature_key


def test_keys_see_everything() -> None:
    base = ("media", "weights", {"size": 96})
    keys = {feature_key(*base), feature_key("m", *base[1:]), feature_key("media", "w", {"size": 96})}
    keys |= {feature_key("media", "weights", {"size": 97}), feature_key("media", "weights", {})}
    assert len(keys) == 5
    assert feature_key("a", "b", {"x": 1, "y": 2}) == feature_key("a", "b", {"y": 2, "x": 1})


def test_round_trip(tmp_path: Path) -> None:
    cache, key = FeatureCache(tmp_path / "features"), "ab" * 32
    assert cache.get(key) is None
    for features in (np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32), np.zeros((0, 2), "f4")):
        cache.put(key, features)
        found = cache.get(key)
        assert found is not None
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, features)


def test_damage_counts_as_absence(tmp_path: Path) -> None:
    cache, key = FeatureCache(tmp_path), "cd" * 32
    cache.put(key, np.ones((4, 3), np.float32))
    whole = cache.path(key).read_bytes()
    flipped = bytearray(whole)
    flipped[-2] ^= 1
    for damaged in (whole[:-5], b"", b"junk" * 50, bytes(flipped)):
        cache.path(key).write_bytes(damaged)
        assert cache.get(key) is None
    cache.put(key, np.ones((4, 3), np.float32))
    assert cache.get(key) is not None


def test_several_writers_and_readers(tmp_path: Path) -> None:
    cache, key, features = FeatureCache(tmp_path), "ef" * 32, np.ones((100, 100), np.float32)

    def work(_: int) -> bool:
        cache.put(key, features)
        found = cache.get(key)
        return found is not None and bool((found == 1).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == [f"{key}.safetensors"]
