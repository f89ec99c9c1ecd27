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


WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.mark.parametrize("name", ["submissions.yml", "conformance.yml"])
def test_strangers_are_judged_without_secrets_or_a_token_that_writes(name: str) -> None:
    document = workflow(name)
    assert document["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in document["jobs"].values())
    assert "secrets." not in (WORKFLOWS / name).read_text(encoding="utf-8")
    for step in steps(document):
        assert "actions/cache" not in step.get("uses", "")
        assert "cache" not in step.get("with", {})
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_a_pull_request_that_touches_tables_or_rules_starts_the_check(submissions: dict[Any, Any]) -> None:
    [(event, rule)] = submissions[True].items()
    assert event == "pull_request_target"
    assert {"submissions/**", "leaderboards/**", "methods/**", "benchmark/**", ".github/**"} <= {
        *rule["paths"]
    }


@pytest.mark.parametrize("name", ["submissions.yml", "conformance.yml"])
def test_text_of_a_pull_request_is_never_part_of_a_command(name: str) -> None:
    for step in steps(workflow(name)):
        assert "${{" not in step.get("run", "")


def test_nothing_that_is_proposed_runs_where_the_rules_are_the_bases(submissions: dict[Any, Any]) -> None:
    """Every line that names ``pull`` is a program of the base, or git, that reads it."""
    lines = "\n".join(step.get("run", "") for step in steps(submissions)).replace("\\\n", " ").splitlines()
    naming = [line.strip() for line in lines if "pull" in line]
    assert naming
    for line in naming:
        assert line.startswith(("base/.venv/bin/aqa-bench ", 'test -z "$(git -C pull ls-files ')), line
    assert not any("pytest" in line or "pip install" in line for line in lines)
    assert [line for line in lines if "make" in line] == ["make -C base .venv/.ready"] * 2
    for step in steps(submissions):
        assert "working-directory" not in step
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["path"] in ("base", "pull")
            of_base = step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
            assert of_base == (step["with"]["path"] == "base")


def test_the_rules_are_those_of_the_base(submissions: dict[Any, Any]) -> None:
    [command] = [s["run"] for s in steps(submissions) if "aqa-bench validate" in s.get("run", "")]
    assert "base/.venv/bin/aqa-bench validate pull/submissions" in command
    for option in ("--base base ", "--require-labels ", '--submitter "$PROPOSER"', "--comment comment.md"):
        assert option in command
    [upload] = [s for s in steps(submissions) if s.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["if"] == "always()"
    assert "comment.md" in upload["with"]["path"].split()


def test_the_tables_are_made_again_in_a_job_of_their_own(submissions: dict[Any, Any]) -> None:
    job = submissions["jobs"]["tables"]
    assert "needs" not in job
    [command] = [s["run"] for s in job["steps"] if "leaderboard check" in s.get("run", "")]
    assert "--leaderboards pull/leaderboards --base base/leaderboards" in " ".join(command.split())


def test_both_jobs_prepare_the_public_labels(submissions: dict[Any, Any]) -> None:
    for job in submissions["jobs"].values():
        [command] = [s["run"] for s in job["steps"] if "dataset prepare" in s.get("run", "")]
        for family in ("pose-trainer", "mtl-aqa"):
            assert f"aqa-bench dataset prepare {family}" in command
            assert f"echo {family} >> unavailable.txt" in command


def test_changed_methods_go_through_the_conformance_suite() -> None:
    document = workflow("conformance.yml")
    assert [*document[True]] == ["pull_request"]
    commands = [step.get("run", "") for step in document["jobs"]["conformance"]["steps"]]
    assert any("tests/test_conformance.py" in command for command in commands)


def test_the_rules_have_owners() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owned = {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("#")}
    assert all(owners and all(owner.startswith("@") for owner in owners) for owners in owned.values())
    house = "/benchmark/aqa_bench/"
    for place in (
        "/.github/",
        "/.ci/",
        *(f"{house}{room}/" for room in ("boards", "protocol", "core", "stats")),
    ):
        assert place in owned
    assert {"/tests/test_conformance.py", "/tests/attacks/"} <= owned.keys()
    # Created by maintainers alone when the first rerun is stamped.
    for place in owned.keys() - {"/receipts/"}:
        assert (ROOT / place.strip("/")).exists(), place
