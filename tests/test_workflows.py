"""What CI does with a pull request of a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
yaml = pytest.importorskip("yaml")


def workflow(name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")))


@pytest.fixture
def submissions() -> dict[Any, Any]:
    return workflow("submissions.yml")


def steps(document: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda f: f.name)
def test_every_workflow_has_jobs_with_steps_and_a_limit(file: Path) -> None:
    document = workflow(file.name)
    # YAML 1.1 reads the key "on" as a truth value.
    assert document[True]
    for job in document["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert all("run" in step or "uses" in step for step in job["steps"])


def test_submissions_are_judged_without_secrets(submissions: dict[Any, Any]) -> None:
    text = (ROOT / ".github" / "workflows" / "submissions.yml").read_text(encoding="utf-8")
    assert submissions[True] == {"pull_request": {"paths": ["submissions/**", "methods/**"]}}
    assert submissions["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    for step in steps(submissions):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_text_of_a_pull_request_is_never_part_of_a_command(submissions: dict[Any, Any]) -> None:
    allowed = "${{ github.event.pull_request.base.sha }}"
    for step in steps(submissions):
        assert "${{" not in step.get("run", "").replace(allowed, "")


def test_the_rules_are_those_of_the_base(submissions: dict[Any, Any]) -> None:
    [command] = [s["run"] for s in steps(submissions) if "aqa-bench validate" in s.get("run", "")]
    assert "base/.venv/bin/aqa-bench validate pull/submissions" in command
    assert "--base base " in command
    assert "--comment comment.md" in command
    [upload] = [s for s in steps(submissions) if s.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["if"] == "always()"
    assert "comment.md" in upload["with"]["path"].split()


def test_changed_methods_go_through_the_conformance_suite(submissions: dict[Any, Any]) -> None:
    commands = [step.get("run", "") for step in submissions["jobs"]["conformance"]["steps"]]
    assert any("tests/test_conformance.py" in command for command in commands)
