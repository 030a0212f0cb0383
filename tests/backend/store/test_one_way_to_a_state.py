"""No line of the product changes the state of a job but the one that the table of transitions goes through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import backend
import worker

TABLE = Path("backend") / "store" / "transitions.py"
ROOT = Path(backend.__file__).parents[1]


def sources() -> list[Path]:
    """Every file that can reach the database."""
    assert Path(worker.__file__).parents[1] == ROOT
    found = [*ROOT.glob("backend/**/*.py"), *ROOT.glob("worker/**/*.py")]
    return [path for path in found if "migrations" not in path.parts]


def writes_of_a_job_state(tree: ast.AST) -> Iterator[int]:
    """Lines that set ``state`` of a Job: by attribute, by ``Job.state`` as a key, or in raw SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (one for group in targets for one in ast.walk(group)):
                if isinstance(target, ast.Attribute) and target.attr == "state" and name_of(target.value) in JOBS:
                    yield node.lineno
        if isinstance(node, ast.Dict) and any(key is not None and is_job_state(key) for key in node.keys):
            yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "UPDATE JOB " in node.value.upper():
            yield node.lineno
        if isinstance(node, ast.Call) and updates_jobs(node) and any(word.arg == "state" for word in node.keywords):
            yield node.lineno


JOBS = {"job", "again", "made", "one", "earlier", "retried", "fresh", "get", "get_one"}
"""Names that jobs go by, and calls that return one."""


def name_of(node: ast.expr) -> str:
    """The variable or the called function."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_job_state(node: ast.expr) -> bool:
    """``Job.state``."""
    return isinstance(node, ast.Attribute) and node.attr == "state" and name_of(node.value) == "Job"


def updates_jobs(node: ast.Call) -> bool:
    """``update(Job)….values(…)``."""
    calls = [one for one in ast.walk(node.func) if isinstance(one, ast.Call) and name_of(one.func) == "update"]
    return any(isinstance(arg, ast.Name) and arg.id == "Job" for call in calls for arg in call.args)


def test_the_table_is_the_only_way() -> None:
    found = {}
    for path in sources():
        if lines := list(writes_of_a_job_state(ast.parse(path.read_text(encoding="utf-8")))):
            found[path.relative_to(ROOT)] = len(lines)
    assert found == {TABLE: 1}


@pytest.mark.parametrize(
    "text",
    [
        "job.state = 'failed'",
        "session.get(Job, 1).state = 'failed'",
        "jobs.fresh(session, i).state = 'x'",
        "a, job.state = 1, 2",
        "update(Job).where(Job.id == 1).values({Job.state: 'x'})",
        "update(Job).where(Job.id == 1).values(state='x')",
        "text('UPDATE job SET state = 1')",
    ],
)
def test_every_way_around_it_would_be_seen(text: str) -> None:
    assert list(writes_of_a_job_state(ast.parse(text)))
