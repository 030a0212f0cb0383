"""What every installation starts with: the gallery, the demo data set, and the built-in checkpoints."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from backend.settings import Settings
from backend.store import datasets, images
from backend.store.artifacts import ArtifactStore, image_key
from backend.store.database import Database, now
from backend.store.evaluations import summarise
from backend.store.images import About
from backend.store.job_records import checkpoint_row
from backend.store.models import Evaluation, Image
from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.data.gallery import Photograph, gallery, open_photograph
from ssenet.data.images import decode_image
from ssenet.errors import UserError
from ssenet.histograms import load_histograms
from ssenet.results import EvaluationRecord
from ssenet.weights.builtin import Builtin, builtin_checkpoints

_log = logging.getLogger(__name__)

DEMO = DatasetSpec(name="demo", kind="demo")


def seed(database: Database, settings: Settings) -> list[str]:
    """Add what is missing and bring the rest up to date; safe to call at every start.

    Returns:
        what could not be added, in words, which the log has too: a damaged installation does not keep
        people from what they made themselves.
    """
    artifacts = ArtifactStore(settings.artifacts)
    parts: dict[str, Callable[[], None]] = {
        "the sample photographs": lambda: seed_gallery(database, artifacts, gallery()),
        "the demo data set": lambda: seed_dataset(database, DEMO),
        "the built-in checkpoints": lambda: seed_checkpoints(database, builtin_checkpoints()),
    }
    problems = []
    for part, add in parts.items():
        try:
            add()
        except (UserError, OSError, ValueError) as error:
            _log.exception("a part of the installation is missing or damaged: %s", part)
            problems.append(f"{part}: {error}")
    return problems


def seed_dataset(database: Database, spec: DatasetSpec) -> None:
    """Register a data set that comes with the product."""
    opened = open_dataset(spec)
    with database.write() as session:
        datasets.register(session, spec, opened)


def seed_gallery(database: Database, artifacts: ArtifactStore, photographs: Sequence[Photograph]) -> None:
    """Register the sample photographs."""
    with database.read() as session:
        known = {image.name: image for image in session.query(Image).where(Image.source == "gallery")}
    for index, photograph in enumerate(photographs):
        image = known.get(photograph.key)
        if image is None or not artifacts.exists(image_key(image.sha)):
            _add_photograph(database, artifacts, photograph, index)


def _add_photograph(database: Database, artifacts: ArtifactStore, photograph: Photograph, index: int) -> None:
    pixels = decode_image(open_photograph(photograph.key))
    about = About(
        photograph.key,
        "gallery",
        title=photograph.title,
        author=photograph.author,
        licence=photograph.licence,
        origin=photograph.source,
        labels=photograph.classes,
    )
    height, width = pixels.shape[:2]
    with images.staged_png(artifacts, pixels) as png, database.write() as session:
        # Listings show the newest first: falling times keep the gallery's own order.
        images.keep(session, artifacts, png, (height, width), about, now(session) - index)


def seed_checkpoints(database: Database, builtins: Sequence[Builtin]) -> None:
    """Register built-in checkpoints by their place in the installation, with their evaluations."""
    for builtin in builtins:
        # Takes a while: not within the transaction.
        evaluations = [
            _evaluation(builtin.id, index, record, str(path), summarise(load_histograms(path.read_bytes())))
            for index, (record, path) in enumerate(builtin.evaluations)
        ]
        with database.write() as session:
            _put_checkpoint(session, builtin)
            for evaluation in evaluations:
                session.merge(evaluation)


def _put_checkpoint(session: Session, builtin: Builtin) -> None:
    card = builtin.card
    size = builtin.weights.stat().st_size
    row = checkpoint_row(card, card.created_at.timestamp(), size=size, weights_path=str(builtin.weights))
    row.id, row.builtin = builtin.id, True
    session.merge(row)
    session.flush()


def _evaluation(
    checkpoint: str, index: int, record: EvaluationRecord, path: str, summary: list[dict[str, object]]
) -> Evaluation:
    return Evaluation(
        id=f"{checkpoint}-{index}",
        checkpoint_id=checkpoint,
        dataset_id=record.protocol.dataset,
        record=record.model_dump(mode="json"),
        summary=summary,
        histograms_path=path,
        created_at=record.created_at.timestamp(),
    )
