"""Poses from files in place of a dataset's own: which file is whose, what is wrong with them, their hash."""

from aqa_bench.protocol.keypoints.audit import audit_keypoints
from aqa_bench.protocol.keypoints.binding import bind_keypoints, open_keypoints, posed
from aqa_bench.protocol.keypoints.dataset import KeypointDataset, with_keypoints
from aqa_bench.protocol.keypoints.folder import KeypointFolder
from aqa_bench.protocol.keypoints.report import KeypointAudit

__all__ = [
    "KeypointAudit",
    "KeypointDataset",
    "KeypointFolder",
    "audit_keypoints",
    "bind_keypoints",
    "open_keypoints",
    "posed",
    "with_keypoints",
]
