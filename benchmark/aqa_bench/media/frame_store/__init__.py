"""Decoded frames of clips, one file per clip: any frame is one read, and every run shares them."""

from aqa_bench.media.frame_store.clip_file import ClipFile
from aqa_bench.media.frame_store.encoding import JPEG, RAW, Encoding
from aqa_bench.media.frame_store.fill import Filled, fill
from aqa_bench.media.frame_store.keeper import Keeper, keeper_of
from aqa_bench.media.frame_store.kept import WholeVideo, kept_frames
from aqa_bench.media.frame_store.room import ALWAYS_RAW, NoRoomError, Room, room
from aqa_bench.media.frame_store.settings import Storage, wanted_storage
from aqa_bench.media.frame_store.store import FrameReader, FrameStore, StoredFrames
from aqa_bench.media.frame_store.threads import read_rows, unordered

__all__ = [
    "ALWAYS_RAW", "JPEG", "RAW", "ClipFile", "Encoding", "Filled", "FrameReader", "FrameStore", "Keeper",
    "NoRoomError", "Room", "Storage", "StoredFrames", "WholeVideo", "fill", "keeper_of", "kept_frames",
    "read_rows", "room", "unordered", "wanted_storage",
]  # fmt: skip
