"""Decoded frames of a dataset as one memory-mapped array: any frame is an array read."""

from aqa_bench.media.frame_store.build import build
from aqa_bench.media.frame_store.plan import FrameReader, estimated_bytes, store_folder
from aqa_bench.media.frame_store.store import FrameStore, open_store

__all__ = ["FrameReader", "FrameStore", "build", "estimated_bytes", "open_store", "store_folder"]
