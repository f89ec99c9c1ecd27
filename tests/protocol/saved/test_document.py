from __future__ import annotations

import json
from pathlib import Path

from aqa_bench.protocol.saved.document import ModelDocument, model_schema

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "model.schema.json"


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == model_schema(), (
        "The schema of saved models has changed: "
        "python -m aqa_bench.protocol.saved.document > docs/schemas/model.schema.json"
    )


def test_it_names_every_key() -> None:
    assert set(json.loads(model_schema())["properties"]) == set(ModelDocument.model_fields)
