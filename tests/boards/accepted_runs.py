"""Real runs on the embedded dataset, and ways to forge them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from aqa_bench.core.files import sha256_bytes
from aqa_bench.core.predictions import predictions_csv, read_predictions
from aqa_bench.core.record import RunRecord
from aqa_bench.core.run_id import recorded_run_id
from aqa_bench.core.sealed import blank_stamp, stamped
from aqa_bench.protocol.plan import Request, resolve
from aqa_bench.protocol.runner import run

DATASET = "stick-figures/shoulder-press"


def make(out: Path, method: str, **request: Any) -> Path:
    """A run's folder."""
    return run(resolve(Request(DATASET, method, **request)), out).path


def edit(folder: Path, **changes: Any) -> Path:
    """Change values of a record; ``metrics__form__f1`` leads into it."""
    file = folder / "run.json"
    record = json.loads(file.read_text())
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = record
        for name in parents:
            place = place[name]
        place[last] = value
    # Whoever forges a record seals it again.
    text = json.dumps(record | {"seal": blank_stamp("run", 1)})
    file.write_bytes(stamped(text.encode(), "run", 1))
    return folder


def table(folder: Path) -> pd.DataFrame:
    """A run's predictions."""
    return read_predictions(folder / "predictions.csv")


def put(folder: Path, predictions: pd.DataFrame) -> Path:
    """Replace a run's predictions and the hash of them."""
    content = predictions_csv(predictions)
    (folder / "predictions.csv").write_bytes(content)
    return edit(folder, predictions_sha256=sha256_bytes(content))


def put_text(folder: Path, text: str) -> Path:
    """Replace the text of a run's predictions and the hash of it."""
    (folder / "predictions.csv").write_text(text)
    return edit(folder, predictions_sha256=sha256_bytes(text.encode()))


def cover(folder: Path) -> Path:
    """Give a forged record the run-id and the path that it spells."""
    record = RunRecord.model_validate_json((folder / "run.json").read_text())
    edit(folder, run_id=recorded_run_id(record))
    record = RunRecord.model_validate_json((folder / "run.json").read_text())
    root = folder.parents[3]
    target = root / record.dataset / record.method / record.run_id
    target.parent.mkdir(parents=True, exist_ok=True)
    return folder.rename(target)
