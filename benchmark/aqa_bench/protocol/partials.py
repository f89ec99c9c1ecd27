"""The finished splits of a run that is not whole yet: what a killed run goes on from."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqa_bench.core.code_digest import CodeDigest
from aqa_bench.core.record import Sandbox
from aqa_bench.core.sealed import Damaged, sealed_read_json, sealed_write_json

__all__ = ["Partials", "SplitResult", "partials_folder"]

_log = logging.getLogger(__name__)
_KIND, _VERSION = "partial-run", 1


@dataclass(frozen=True)
class SplitResult:
    """What one split came to.

    Attributes:
        rows: Part (``val`` or ``test``), sample id and score of every sample.
        fit_seconds: Seconds of the fit.
        predict_seconds: Seconds of the predictions.
        pool_size: Unlabelled samples that were given.
        facts: What the method reported, as plain JSON.
        oracle: Exact data that were read of samples to be judged, up to this split.
        seconds: Seconds of it all, with what was prepared for it.
    """

    rows: list[tuple[str, str, float]]
    fit_seconds: float
    predict_seconds: float
    pool_size: int
    facts: dict[str, Any]
    oracle: tuple[str, ...] = ()
    seconds: float = 0.0


def partials_folder(out: Path, run_id: str) -> Path:
    """Where the finished splits of a run lie until it is whole."""
    return out / f".{run_id}.partial"


class Partials:
    """Finished splits on disk, each sealed and bound to its run, task, split and code.

    Args:
        out: Folder of runs.
        run_id: The run.
        code: What it is computed with; splits of other code are not taken over.
        sandbox: What the method is shut in; nor are those of another sandbox, or of none.
    """

    def __init__(self, out: Path, run_id: str, code: CodeDigest, sandbox: Sandbox | None = None) -> None:
        self.folder = partials_folder(out, run_id)
        self._run_id = run_id
        self._code = code
        self._sandbox = {} if sandbox is None else {"sandbox": str(sandbox)}

    def read(self, task: str, split: str) -> SplitResult | None:
        """A split that an earlier start finished; None where it has to be fitted.

        One that is damaged, or of another run or other code, is named in the log and not used.
        """
        file = self._file(task, split)
        if not file.exists():
            return None
        try:
            content = sealed_read_json(file, _KIND, _VERSION, remedy="Nothing: the split is fitted again.")
            if not isinstance(content, dict):
                raise ValueError("not an object")
            said, wanted = content.get("of"), self._identity(task, split)
            if said != wanted:
                known = said if isinstance(said, dict) else {}
                keys = [key for key in wanted | known if known.get(key) != wanted.get(key)]
                _log.warning("finished with another %s, fitted again: %s", " and ".join(keys), file)
                return None
            result = _result(content)
        except Damaged as error:
            _log.warning("not usable, fitted again: %s", error)
            return None
        except (ValueError, TypeError, KeyError) as error:
            _log.warning("not usable, fitted again: %s: %s", file, error)
            return None
        _log.info("taken over from an earlier start: %s", file.stem)
        return result

    def keep(self, task: str, split: str, result: SplitResult) -> SplitResult:
        """Keep a finished split.

        Raises:
            AqaBenchError: It cannot be written.
        """
        document = {"of": self._identity(task, split), **vars(result)}
        sealed_write_json(self._file(task, split), _KIND, _VERSION, document)
        return result

    def discard(self) -> None:
        """Forget all of them."""
        # Another process that makes the same run may still write there.
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, task: str, split: str) -> Path:
        return self.folder / f"{task}.{split}.json"

    def _identity(self, task: str, split: str) -> dict[str, str]:
        of = {"run": self._run_id, "task": task, "split": split} | self._sandbox
        return of | {"method's code": self._code.method, "harness's code": self._code.harness}


def _result(content: Mapping[str, Any]) -> SplitResult:
    rows = [(part, name, score) for part, name, score in content["rows"]]
    for part, name, score in rows:
        if part not in ("val", "test") or not isinstance(name, str) or type(score) is not float:
            raise ValueError(f"no row of predictions: {[part, name, score]}")
        if not math.isfinite(score):
            raise ValueError(f"the score of {name} is {score}")
    fit, predict = (float(content[name]) for name in ("fit_seconds", "predict_seconds"))
    whole = float(content["seconds"])
    facts = content["facts"]
    if not isinstance(facts, dict):
        raise TypeError("the facts are no object")
    oracle = tuple(str(name) for name in content["oracle"])
    return SplitResult(rows, fit, predict, int(content["pool_size"]), facts, oracle, whole)
