"""The parsers that ``tools/fuzz.py`` attacks: what each reads, small valid inputs, and how hard it is tried.

A seed is valid, so that what is made of it gets past the first check. Everything is imported where it is
used: a batch of one parser shall not carry the memory of all others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuzzing import seeds
from fuzzing.worker import conversation, conversations

__all__ = ["TARGETS", "Target"]

Seeds = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        seeds: Makes small valid inputs.
        parse: Reads an input; the path is a file to write it to, in a folder of its own.
        kind: How inputs are changed besides bit by bit: ``bytes``, ``json``, ``text`` (lines), ``pickle``,
            ``zip`` (members), ``gzip`` (JSON within) or
            ``wire`` (messages).
        share: Inputs, relative to other parsers; less for those that decode media or need torch.
    """

    seeds: Seeds
    parse: Callable[[bytes, Path], object]
    kind: str = "bytes"
    share: float = 1.0


def _annotations(content: bytes, file: Path) -> object:
    from aqa_bench.core.restricted_pickle import unpickle
    from aqa_bench.media.dives.annotations import parse_annotations

    return parse_annotations(unpickle(content, file), file.name)


def _dive_split(content: bytes, file: Path) -> object:
    from aqa_bench.core.restricted_pickle import unpickle
    from aqa_bench.media.dives.annotations import parse_split

    return parse_split(unpickle(content, file), file.name)


def _trainer(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.pose_trainer.files import read_clip

    file.write_bytes(content)
    return read_clip(file)


def _pose_array(content: bytes, file: Path) -> object:
    from aqa_bench.media.pose.arrays import PoseKind, read_npz, read_pose_array

    file.write_bytes(content)
    found = read_pose_array(file, PoseKind.KEYPOINTS, None if content[:1] == b"P" else "coco-17")
    return found, read_npz(file) if content[:1] == b"P" else None


def _distances(content: bytes, file: Path) -> object:
    from aqa_bench.media.pose.arrays import PoseKind, read_pose_array

    return read_pose_array(file, PoseKind.DISTANCES, None, content)


def _openpose(content: bytes, file: Path) -> object:
    from aqa_bench.media.pose.openpose import read_openpose_json

    (file.parent / "clip_000000000000_keypoints.json").write_bytes(content)
    return read_openpose_json(file.parent)


def _keypoint_manifest(content: bytes, file: Path) -> object:
    from aqa_bench.protocol.keypoints.manifest import read_manifest

    file.write_bytes(content)
    return read_manifest(file)


def _feature_manifest(content: bytes, file: Path) -> object:
    from aqa_bench.protocol.feature_folder import FeatureFolder

    (file.parent / "manifest.json").write_bytes(content)
    (file.parent / "a.npy").write_bytes(seeds.npy(np.zeros((2, 4))))
    folder = FeatureFolder(file.parent)
    return [folder.read(name) for name in folder.ids]


def _features(name: str) -> Callable[[bytes, Path], object]:
    def parse(content: bytes, file: Path) -> object:
        from aqa_bench.core.progress import NullProgress
        from aqa_bench.protocol.feature_folder import FeatureFolder

        # A fresh digest: damage that it finds is not what is tried here.
        entry = {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
        place = {"features": {"a": entry}} if name.endswith(".npy") else {"archive": entry}
        (file.parent / name).write_bytes(content)
        (file.parent / "manifest.json").write_text(json.dumps(seeds.feature_facts(**place)))
        folder = FeatureFolder(file.parent)
        return folder.verify(list(folder.ids)[:8], NullProgress())

    return parse


def _trajectory(exercise: str) -> Callable[[bytes, Path], object]:
    def parse(content: bytes, file: Path) -> object:
        from aqa_bench.datasets.fitness_aqa.bar import read_trajectory
        from aqa_bench.media.source import MediaFile

        file.write_bytes(content)
        return read_trajectory(exercise, MediaFile(file), 9)

    return parse


def _labels(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.fitness_aqa.labels import parse_binary, parse_ids, parse_intervals

    return parse_intervals(content, "a"), parse_binary(content, "b"), parse_ids(content, "c", ".json")


def _waseda(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.waseda_squat.files import read_distances
    from aqa_bench.media.source import MediaFile

    file.write_bytes(content)
    return read_distances(MediaFile(file))


def _waseda_split(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.waseda_squat.official import read_official
    from aqa_bench.datasets.waseda_squat.release import ClipName
    from aqa_bench.media.source import MediaFile

    file.write_bytes(content)
    (file.parent / "test.json").write_text('["bad_toe/0918_squat_000009.mp4"]')
    known = [ClipName("bad_toe", "0918_squat_000001")]
    return read_official({"train": [MediaFile(file)], "test": [MediaFile(file.parent / "test.json")]}, known)


def _suite(content: bytes, file: Path) -> object:
    from aqa_bench.protocol.suite import read_suite

    file.write_bytes(content)
    return read_suite(file)


def _card(content: bytes, file: Path) -> object:
    from aqa_bench.core.card_file import read_family, read_methods

    (file.parent / "card.toml").write_bytes(content)
    return (read_family if b"[[dataset]]" in content else read_methods)(file.parent, "x")


def _recipes(content: bytes, file: Path) -> object:
    from aqa_bench.core.recipe_file import read_recipes

    (file.parent / "recipes.toml").write_bytes(content)
    return read_recipes(file.parent)


def _overrides(content: bytes, file: Path) -> object:
    from aqa_bench.learn.methods.image_recipe import ImageRecipe

    recipe = ImageRecipe.model_construct(**{n: f.default for n, f in ImageRecipe.model_fields.items()})
    return recipe.with_overrides(content.decode(errors="surrogateescape").splitlines(), "--set")


def _record(content: bytes, file: Path) -> object:
    from aqa_bench.boards.submission.files import parse_record
    from aqa_bench.core.record import read_record

    (file.parent / "run.json").write_bytes(content)
    return parse_record(content.decode(errors="replace"), "a/b/c"), read_record(file.parent)


def _receipt(content: bytes, file: Path) -> object:
    from aqa_bench.core.receipt import read_receipt
    from aqa_bench.core.sealed import stamped

    with suppress(ValueError):
        content = stamped(content, "receipt", 1)
    file.write_bytes(content)
    return read_receipt(file)


def _restamped(content: bytes, kind: str) -> bytes:
    """The content with a fresh digest in the place of the last one: damage is not what is tried here."""
    from aqa_bench.core.sealed import blank_stamp, stamped

    mark = blank_stamp(kind, 1)[:-64].encode()
    start = content.rfind(mark) + len(mark)
    with suppress(ValueError):
        return stamped(content[:start] + b"0" * 64 + content[start + 64 :], kind, 1)
    return content


def _model_state(content: bytes, file: Path) -> object:
    from aqa_bench.core.state import read_state

    file.write_bytes(_restamped(content, "model-state"))
    return read_state(file)


def _model(content: bytes, file: Path) -> object:
    from aqa_bench.protocol.saved.document import MODEL_FILE, read_document

    (file.parent / MODEL_FILE).write_bytes(_restamped(content, "model"))
    return read_document(file.parent)


def _predictions(content: bytes, file: Path) -> object:
    from aqa_bench.core.predictions import read_predictions

    file.write_bytes(content)
    return read_predictions(file)


def _lock(content: bytes, file: Path) -> object:
    from aqa_bench.boards.versions import read_lock

    (file.parent / "inputs.lock.json").write_bytes(content)
    return read_lock(file.parent)


def _index(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.fitness_aqa.index import read_index

    file.write_bytes(content)
    return read_index(file)


def _dive_index(content: bytes, file: Path) -> object:
    from aqa_bench.core.index_file import read_index_file
    from aqa_bench.media.dives.index import DiveIndex

    file.write_bytes(content)
    return read_index_file(file, DiveIndex, "mtl-aqa")


def _archive(content: bytes, file: Path) -> object:
    from aqa_bench.datasets.fitness_aqa.scan import scan
    from aqa_bench.datasets.waseda_squat.layout import find_files
    from aqa_bench.media.source import MediaFile

    path = file.with_suffix(".zip")
    path.write_bytes(content)
    files, _ = scan([path])
    found = find_files([path])
    media = [entry.media for entry in files] + [each for group in found.poses.values() for each in group]
    for each in [*media, MediaFile(path, "Pose/good/0918_squat_000001.json")]:
        each.read_bytes()
        each.sha256()
    return files


def _image(content: bytes, file: Path) -> object:
    from aqa_bench.media.images import read_image

    return read_image(content, 8)


def _video(content: bytes, file: Path) -> object:
    from aqa_bench.media.video import decode, probe

    file.write_bytes(content)
    probe(file)
    return decode(file, [0, 2], 8, threads=1)


def _clip(content: bytes, file: Path) -> object:
    from aqa_bench.media.frame_store.clip_file import ClipFile

    file.write_bytes(content)
    found = ClipFile.open(file)
    out = np.zeros((1, found.side, found.side, 3), np.uint8) if found.side < 4096 else None
    return None if out is None else found.read([0], out, [0])


def _sealed(content: bytes, file: Path) -> object:
    from aqa_bench.core.sealed import check_stamp, sealed_read_json

    file.write_bytes(content)
    if content.startswith(b'{"seal'):
        return check_stamp(file, content, "weights", 1)
    return sealed_read_json(file, "partial", 1)


def _weights(suffix: str) -> Callable[[bytes, Path], object]:
    def parse(content: bytes, file: Path) -> object:
        import torch

        from aqa_bench.learn.backbones.weight_files import load_weights

        path = file.with_suffix(suffix)
        path.write_bytes(content)
        return load_weights(torch.nn.Linear(3, 2), path)

    return parse


def _checkpoint(content: bytes, file: Path) -> object:
    from aqa_bench.learn.training.checkpoint import load_checkpoint

    file.write_bytes(content)
    return load_checkpoint(file, seeds.training()[0])


TARGETS: dict[str, Target] = {
    "pickle: annotations of dives": Target(seeds.dives, _annotations, "pickle", 3),
    "pickle: split of dives": Target(seeds.dive_splits, _dive_split, "pickle", 2),
    "npy: Pose Trainer": Target(lambda: [seeds.npy(seeds.points(18))], _trainer, share=2),
    "npz, npy: keypoints": Target(seeds.poses, _pose_array, "zip", 3),
    "npz: distances": Target(lambda: [seeds.npz(distances=np.ones((3, 171)))], _distances, "zip"),
    "json: OpenPose": Target(seeds.openpose_frames, _openpose, "json", 2),
    "json: manifest of keypoints": Target(
        seeds.one(b'{"layout": "coco-17", "kind": "keypoints", "people": "nearest", "details": {"a": 1}}'),
        _keypoint_manifest,
        "json",
    ),
    "json: manifest of features": Target(seeds.feature_manifests, _feature_manifest, "json"),
    "npy: features": Target(lambda: [seeds.npy(np.ones((2, 4), np.float32))], _features("a.npy")),
    "npz: features": Target(
        lambda: [seeds.npz(a=np.ones((2, 4)), b=np.ones((3, 4)))], _features("a.npz"), "zip", 2
    ),
    "safetensors: features": Target(seeds.tensors, _features("a.safetensors"), share=2),
    "json: squat trajectory": Target(seeds.squats, _trajectory("backsquat"), "json"),
    "json: press trajectory": Target(seeds.presses, _trajectory("overhead-press"), "json"),
    "json: labels of Fitness-AQA": Target(seeds.labels, _labels, "json", 2),
    "json: distances of Waseda": Target(seeds.waseda_poses, _waseda, "json"),
    "json: split of Waseda": Target(seeds.waseda_splits, _waseda_split, "json"),
    "toml: suite": Target(seeds.suites, _suite, "text"),
    "toml: card": Target(seeds.cards, _card, "text"),
    "toml: recipes": Target(seeds.recipes, _recipes, "text"),
    "text: --set": Target(seeds.overrides, _overrides, "text", 0.5),
    "json: run": Target(seeds.records, _record, "json", 2),
    "json: receipt": Target(seeds.receipts, _receipt, "json", 0.5),
    "json: saved model": Target(seeds.models, _model, "json", 2),
    "safetensors: state of a model": Target(seeds.model_states, _model_state, share=2),
    "csv: predictions": Target(seeds.predictions, _predictions, "text", 2),
    "json: lock of a board": Target(seeds.locks, _lock, "json"),
    "gzip: index of Fitness-AQA": Target(seeds.indexes, _index, "gzip"),
    "json: index of dives": Target(seeds.dive_indexes, _dive_index, "json"),
    "zip: releases": Target(seeds.zips, _archive, "zip", 2),
    "sealed file": Target(seeds.sealed_files, _sealed, share=0.5),
    "frame store: clip": Target(seeds.clips, _clip, share=0.5),
    "images": Target(seeds.images, _image, share=2),
    "mp4": Target(seeds.videos, _video, share=0.3),
    "pt: weights": Target(seeds.states, _weights(".pt"), "zip", 0.5),
    "safetensors: weights": Target(seeds.layers, _weights(".safetensors"), share=0.5),
    "messages of a worker": Target(conversations, conversation, "wire", 3),
    "pt: training checkpoint": Target(seeds.checkpoints, _checkpoint, "zip", 0.3),
}
