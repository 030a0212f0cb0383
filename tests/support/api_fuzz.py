"""Schemathesis over an API in this process: every phase, every check, what fails in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import schemathesis
from fastapi import FastAPI
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    NotAServerErrorConfig,
    OperationConfig,
    OperationsConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.python import asgi

DOCUMENT = "/api/v1/openapi.json"
HOST = asgi.HOST
"""The name that requests are addressed to: the API must be told to answer to it."""


@dataclass
class Findings:
    """What a run found.

    Attributes:
        seed: repeats the run.
        answers: number of answers by status.
        problems: each failed check once per operation, with a command that repeats it.
        operations: labels of the operations that were called.
        everything: labels of all operations.
    """

    seed: int
    answers: Counter[int] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)
    everything: set[str] = field(default_factory=set)

    def note(self, recorder: ScenarioRecorder) -> None:
        """Take in what one scenario did."""
        for case in recorder.cases.values():
            self.operations.add(case.value.operation.label)
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                self.answers[interaction.response.status_code] += 1
        for case_id, checks in recorder.checks.items():
            label = recorder.cases[case_id].value.operation.label
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info
                    text = f"{failure.failure.title}: {failure.failure.message}\n{failure.code_sample}"
                    self.problems.setdefault(f"{label}: {check.name}: {failure.failure.title}", text)


def _checks() -> ChecksConfig:
    """All checks. Two statuses are as they should be: 503 with a time to come back, and 422 for what no schema says.

    Such as that fields contradict each other, or that a text is no cursor of this listing.
    """
    return ChecksConfig(
        not_a_server_error=NotAServerErrorConfig(expected_statuses=["2xx", "3xx", "4xx", 503]),
        positive_data_acceptance=PositiveDataAcceptanceConfig(
            expected_statuses=["2xx", "3xx", 401, 403, 404, 406, 409, 413, 422, 429, 503]
        ),
    )


def fuzz(
    app: FastAPI,
    seed: int,
    examples: int,
    *,
    headers: Mapping[str, str] | None = None,
    coverage: bool = True,
    fixed: Mapping[str, Mapping[str, str]] | None = None,
) -> Findings:
    """Call every operation of ``app`` in every phase: examples, boundary values, random ones, chains of calls.

    Args:
        examples: of each operation, and number of chains of calls.
        headers: of every request, such as an authorization.
        coverage: whether every boundary of every parameter is tried, too, which takes a minute.
        fixed: values of parameters that are not varied, by operation.
    """
    generation = GenerationConfig(max_examples=examples, database="none", no_shrink=True)
    phases = PhasesConfig(coverage=CoveragePhaseConfig(enabled=coverage))
    operations = [
        OperationConfig.from_dict({"include-operation-id": name, "parameters": dict(values)})
        for name, values in (fixed or {}).items()
    ]
    project = ProjectConfig(
        generation=generation,
        headers=dict(headers or {}),
        phases=phases,
        checks=_checks(),
        operations=OperationsConfig(operations=operations),
    )
    config = SchemathesisConfig(seed=seed, projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_dict(app.openapi(), config=config)
    schema.app, schema.location = app, DOCUMENT
    findings = Findings(seed, everything={operation.ok().label for operation in schema.get_all_operations()})
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            findings.note(event.recorder)
        elif isinstance(event, events.NonFatalError):
            findings.problems.setdefault(f"{event.label}: error", str(event.info))
        elif isinstance(event, events.FatalError):
            raise event.exception
    return findings
