"""The code of a run, and whether it is still what it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from aqa_bench.core.checkout import checkout_root
from aqa_bench.core.code_digest import CodeDigest, ComputingCode, computing_code
from aqa_bench.core.errors import MethodError
from aqa_bench.core.files import canonical_json, sha256_bytes
from aqa_bench.core.plugin import MethodPlugin
from aqa_bench.core.record import RunRecord
from aqa_bench.core.registry import find_family
from aqa_bench.protocol.plan import ResolvedRun

__all__ = ["check_code", "check_process", "code_for", "code_of", "code_of_ensemble", "with_dirt"]

_RUNNER = "aqa_bench.protocol.runner"
_ENSEMBLE = "aqa_bench.protocol.ensemble"
# What workers import early, and what they do for those who look into a method: no result comes of it, and
# through it every method would reach all that any method learns with.
_NO_PART = frozenset(f"aqa_bench.protocol.worker.{name}" for name in ("preload", "looking", "looked"))
# The finder of lifters: only recipes of methods that look at pictures can ask for it. Names are put
# together, because a module's full name in a text counts as an import of it.
_FINDER = frozenset(f"aqa_bench.{name}" for name in ("protocol.regions.finding", "learn.lifter.finder"))
_OF_PICTURES = ".".join(("aqa_bench", "learn.methods.backbone_recipe"))
_HOUSE = "aqa_bench."
_FIRST_SEEN: dict[str, str] = {}


def code_of(resolved: ResolvedRun) -> CodeDigest:
    """Digests of the code that a run is computed with; see :class:`CodeDigest`.

    Files are parsed once a process, and again only where they have changed.

    Args:
        resolved: The run.

    Returns:
        The digests; ``dirty`` is left False, see :func:`with_dirt`.

    Raises:
        DataError: The source of a plug-in is not there, or is no Python.
    """
    return _code(resolved).digest()


def code_for(plugin: MethodPlugin, datasets: Sequence[str]) -> CodeDigest:
    """As :func:`code_of`, of a method on datasets (ids) that need not be prepared."""
    return _computing(plugin, datasets).digest()


def code_of_ensemble(members: Sequence[RunRecord]) -> CodeDigest | None:
    """The code of an ensemble: that of its members, and of the harness that combines and scores them.

    Args:
        members: Their records, of one dataset.

    Returns:
        The digests; None where the code of a member is not known.
    """
    codes = {member.run_id: member.code for member in members}
    known = {run_id: code for run_id, code in codes.items() if code is not None}
    if len(known) < len(codes):
        return None
    combining = computing_code(None, [find_family(members[0].dataset).factory, _ENSEMBLE], _NO_PART)
    told = canonical_json({run_id: [code.method, code.harness] for run_id, code in known.items()})
    dirty = any(code.dirty for code in known.values()) or _differ(combining.files)
    return CodeDigest(method=sha256_bytes(told.encode()), harness=combining.digest().harness, dirty=dirty)


def with_dirt(code: CodeDigest, resolved: ResolvedRun) -> CodeDigest:
    """The digests with whether any of the files differs from the checkout's revision."""
    return code.model_copy(update={"dirty": _differ(_code(resolved).files)})


def _differ(files: Sequence[Path]) -> bool:
    """Whether files differ from the checkout's revision.

    False where this is no checkout, or its state cannot be asked: then there is no revision either.
    """
    root = checkout_root()
    if root is None:
        return False
    inside = [os.fspath(file.relative_to(root)) for file in files if file.is_relative_to(root)]
    command = ["git", "-C", os.fspath(root), "status", "--porcelain", "--", *inside]
    try:
        found = subprocess.run(command, capture_output=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(found.strip())


def check_process(resolved: ResolvedRun) -> None:
    """Check that this process still has the harness that lies on disk: what it has imported stays as it was.

    Raises:
        MethodError: A module was edited since a first run in this process.
    """
    for name, digest in _code(resolved).harness.items():
        if name.startswith(_HOUSE) and _FIRST_SEEN.setdefault(name, digest) != digest:
            raise MethodError(
                "The code of the harness was edited since this process began.",
                where=name,
                expected="the code that the process has imported",
                found="another one on disk",
                remedy="Start the command again: finished runs and splits are kept.",
            )


def check_code(code: CodeDigest, resolved: ResolvedRun) -> None:
    """Check that a run's code is still what it was when the run began.

    Raises:
        MethodError: It was edited in the meantime.
    """
    if (what := code.compare(code_of(resolved))) is not None:
        raise MethodError(
            f"{what[0].upper()}{what[1:]} was edited during the run.",
            where=f"{resolved.plugin.card.id} on {resolved.dataset.card.id}",
            expected="the same code for all splits",
            found="files that have changed since the run began",
            remedy="Start it again; splits finished with the old code will be refitted.",
        )


def _code(resolved: ResolvedRun) -> ComputingCode:
    opened = [resolved.dataset, *([] if resolved.foreign is None else [resolved.foreign])]
    return _computing(resolved.plugin, [dataset.card.id for dataset in opened])


def _computing(plugin: MethodPlugin, datasets: Sequence[str]) -> ComputingCode:
    readers = {find_family(name).factory for name in datasets}
    roots = [*sorted(readers), _RUNNER]
    code = computing_code(plugin.factory, roots, _NO_PART | _FINDER)
    return computing_code(plugin.factory, roots, _NO_PART) if _OF_PICTURES in code.harness else code
