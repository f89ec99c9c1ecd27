"""What of the disk a worker in a sandbox is to see: programs and libraries, its method, and no data."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from aqa_bench.core.checkout import checkout_root
from aqa_bench.core.paths import downloads_home
from aqa_bench.protocol.worker.folders import frames_folder
from aqa_bench.protocol.worker.session import Job

__all__ = ["SYSTEM", "devices", "environment_of", "hidden", "readable"]

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/sys")
"""Programs and libraries."""
_WEIGHTS = {"TORCH_HOME": ".cache/torch", "HF_HOME": ".cache/huggingface"}
_DEVICES = ("nvidia*", "nvidia-caps", "dri")


def readable(job: Job) -> list[Path]:
    """Places besides the system's: Python, the method and ours; weights, frames, and what was prepared."""
    code = [*_python(), *_ours(), *_methods(job)]
    return [*dict.fromkeys([*code, downloads_home(), frames_folder(), *_weights().values(), *job.shared])]


def hidden() -> list[Path]:
    """Places below readable ones that are not to be seen: datasets."""
    return [Path(place) for place in import_module("aqa_bench.datasets").__path__ if Path(place).is_dir()]


def devices() -> list[Path]:
    """What a GPU is worked with through."""
    return [device for pattern in _DEVICES for device in sorted(Path("/dev").glob(pattern))]


def environment_of(job: Job) -> Mapping[str, str]:
    """Variables of a worker whose home is its own folder, and weights where they were downloaded to."""
    return {"HOME": str(job.cache)} | {k: str(p) for k, p in _weights().items()}


def _python() -> Iterator[Path]:
    """Where Python and its libraries lie."""
    for place in (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")):
        yield Path(place)
    yield Path(sys.executable).resolve().parent
    for entry in sys.path:
        # Libraries; of a folder that is none, such as a checkout, only what is named below.
        if entry and Path(entry).name in ("site-packages", "dist-packages", "lib-dynload"):
            yield Path(entry)


def _ours() -> Iterator[Path]:
    """Our package, wherever it is imported from; and what tells that it is a checkout's."""
    yield Path(__file__).resolve().parents[2]
    root = checkout_root()
    if root is not None:
        yield root / "pyproject.toml"


def _methods(job: Job) -> Iterator[Path]:
    """The method's own package, and no other method's."""
    folder, parts = job.plugin.folder, job.plugin.package.split(".")
    # A third party's from its top, since packages are imported from there; ours have a folder each.
    yield folder if parts[0] == "aqa_bench" else [folder, *folder.parents][len(parts) - 1]


def _weights() -> Mapping[str, Path]:
    return {name: Path(os.environ.get(name) or Path.home() / place) for name, place in _WEIGHTS.items()}
