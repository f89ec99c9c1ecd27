"""A worker without a network, that sees little of the disk and writes to one folder: bubblewrap."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from aqa_bench.core.checkout import checkout_root
from aqa_bench.core.errors import UsageError
from aqa_bench.core.paths import downloads_home
from aqa_bench.protocol.worker.folders import frames_folder
from aqa_bench.protocol.worker.processes import Worker, commanded
from aqa_bench.protocol.worker.session import Job

__all__ = ["check_sandbox", "sandboxed"]

_PROGRAM = "bwrap"
# Programs and libraries. What is not named here does not exist in the sandbox: no home, no data, no runs.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/sys")
_WEIGHTS = {"TORCH_HOME": ".cache/torch", "HF_HOME": ".cache/huggingface"}
_DEVICES = ("nvidia*", "nvidia-caps", "dri")


def check_sandbox() -> str:
    """The program that makes sandboxes.

    Raises:
        UsageError: It is not installed.
    """
    found = shutil.which(_PROGRAM)
    if found is None:
        raise UsageError(
            "There is no sandbox on this machine.",
            where="--sandbox",
            expected=f"the program {_PROGRAM}",
            found="none on the path",
            remedy="Install the Debian package bubblewrap, or leave out --sandbox.",
        )
    return found


def sandboxed(job: Job) -> Worker:
    """A worker in a sandbox: a command of its own, with the heavy imports to make.

    It has no network, sees no process but its own, and of files: the system's, Python's, the method's and
    ours without datasets; downloaded weights, decoded frames, and what the method has prepared. It writes to
    its cache.

    Raises:
        UsageError: bubblewrap is not installed.
    """
    program = check_sandbox()
    job.cache.mkdir(parents=True, exist_ok=True)
    work, theirs = socket.socketpair()
    module = [sys.executable, "-P", "-m", "aqa_bench.protocol.worker", str(theirs.fileno())]
    worker = commanded([program, *_arguments(job), "--", *module], work, theirs)
    worker.environment = _environment(job)
    return worker


def _arguments(job: Job) -> Iterator[str]:
    yield from ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL")
    for system in _SYSTEM:
        yield from ("--ro-bind-try", system, system)
    yield from ("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp")
    for pattern in _DEVICES:
        for device in sorted(Path("/dev").glob(pattern)):
            yield from ("--dev-bind-try", str(device), str(device))
    for place in dict.fromkeys([*_python(), *_ours(), *_methods(job)]):
        yield from ("--ro-bind-try", str(place), str(place))
    # Within what was just bound.
    for hidden in import_module("aqa_bench.datasets").__path__:
        if Path(hidden).is_dir():
            yield from ("--tmpfs", hidden)
    for place in (downloads_home(), frames_folder(), *_weights().values(), *job.shared):
        yield from ("--ro-bind-try", str(place), str(place))
    yield from ("--bind", str(job.cache), str(job.cache), "--chdir", "/")


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


def _environment(job: Job) -> Mapping[str, str]:
    return {"HOME": str(job.cache), "TMPDIR": "/tmp"} | {k: str(p) for k, p in _weights().items()}
