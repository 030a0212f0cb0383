"""The paper's tables for a data set, from what was run here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.problems import not_found, responses
from backend.schemas.tables import Tables
from backend.service import IDENTIFIER, ServiceDep
from backend.store.models import Checkpoint, Dataset, Evaluation, Score
from ssenet.facts import Fact, cam_fact, score_fact
from ssenet.results import CheckpointCard, EvaluationRecord
from ssenet.scores import SegmentationRecord
from ssenet.tables import build

router = APIRouter(prefix="/tables", tags=["tables"])


@router.get("", responses=responses(404))
def get_tables(
    service: ServiceDep, dataset: Annotated[str, Query(pattern=IDENTIFIER, description="Id of the data set.")]
) -> Tables:
    """Tables 1 to 3 with all runs on a data set, beside the paper's figures."""
    with service.database.read() as session:
        if session.get(Dataset, dataset) is None:
            raise not_found("data set", dataset)
        facts = [fact for fact in (*_cam_facts(session, dataset), *_score_facts(session, dataset)) if fact is not None]
    return Tables(dataset=dataset, tables=build(facts, dataset))


def _cam_facts(session: Session, dataset: str) -> Iterator[Fact | None]:
    query = select(Evaluation, Checkpoint.card).join(Checkpoint).where(Evaluation.dataset_id == dataset)
    for evaluation, card in session.execute(query.order_by(Evaluation.created_at)):
        record = EvaluationRecord.model_validate(evaluation.record)
        steps = CheckpointCard.model_validate(card).steps
        for row in evaluation.summary:
            miou = row["miou_at_0_2"]
            yield cam_fact(record, row["row"], 100 * miou if miou is not None else None, steps)


def _score_facts(session: Session, dataset: str) -> Iterator[Fact | None]:
    query = select(Score.record).where(Score.dataset_id == dataset).order_by(Score.created_at)
    for record in session.scalars(query):
        yield score_fact(SegmentationRecord.model_validate(record))
