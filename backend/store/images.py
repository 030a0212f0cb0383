"""Photographs: canonical pixels as artifacts, and a row that says where each comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.store.artifacts import ArtifactStore, image_key
from backend.store.database import now, take_turns
from backend.store.models import Image, ImageSource
from backend.store.owners import everyone, identity, usable
from ssenet.data.images import encode_png, pixels_sha
from ssenet.files import flush_file

Rgb = NDArray[np.uint8]
_ID_LENGTH = 32


@dataclass(frozen=True)
class About:
    """Where an image comes from."""

    name: str
    source: ImageSource
    title: str | None = None
    author: str | None = None
    licence: str | None = None
    origin: str | None = None
    labels: tuple[str, ...] = field(default=())


def store_pixels(artifacts: ArtifactStore, image: Rgb) -> str:
    """Keep the canonical PNG of ``image`` (H, W, 3); returns its hash."""
    sha = pixels_sha(image)
    if not artifacts.exists(image_key(sha)):
        artifacts.put_bytes(image_key(sha), encode_png(image))
    return sha


@contextmanager
def staged_png(artifacts: ArtifactStore, image: Rgb) -> Iterator[tuple[str, Path]]:
    """The hash of ``image`` (H, W, 3), and its canonical PNG to be taken up with ``keep``."""
    with artifacts.staging() as staged:
        staged.write_bytes(encode_png(image))
        flush_file(staged)
        yield pixels_sha(image), staged


def keep(
    session: Session,
    artifacts: ArtifactStore,
    png: tuple[str, Path],
    size: tuple[int, int],
    about: About,
    at: float | None = None,
) -> tuple[Image, bool]:
    """Take up a staged PNG unless its bytes are there, and ``add`` its image; other users of those bytes wait."""
    sha, staged = png
    take_turns(session)
    if not artifacts.exists(image_key(sha)):  # within the transaction: a deletion comes before or after it
        artifacts.adopt(image_key(sha), staged)
    return add(session, sha, size, about, at, stored=artifacts.size(image_key(sha)))


def add(
    session: Session, sha: str, size: tuple[int, int], about: About, at: float | None = None, *, stored: int = 0
) -> tuple[Image, bool]:
    """Register pixels that are stored already; a user's same pixels are the same image, however they came.

    Args:
        size: (H, W).
        at: time of creation; None is now.
        stored: bytes of the artifact.

    Returns:
        the image, and whether it is new.
    """
    owner = identity(session).user
    if (earlier := known(session, sha)) is not None:
        return earlier, False
    row = Image(
        id=_id(sha, owner),
        owner=owner,
        sha=sha,
        size=stored,
        height=size[0],
        width=size[1],
        name=about.name[:255],
        source=about.source,
        title=about.title,
        author=about.author,
        licence=about.licence,
        origin=about.origin,
        labels=list(about.labels),
        created_at=now(session) if at is None else at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same upload, at the same moment
        if (earlier := known(session, sha)) is None:
            raise
        return earlier, False
    return row, True


def known(session: Session, sha: str) -> Image | None:
    """The user's own image, or a shared one, with these pixels."""
    return session.scalars(select(Image).where(Image.sha == sha, usable(session, Image))).first()


def _id(sha: str, owner: str) -> str:
    """The same everywhere; that of a user's photograph tells nobody who else has it."""
    return (hashlib.sha256(f"{owner}\n{sha}".encode()).hexdigest() if owner else sha)[:_ID_LENGTH]


def unused(session: Session, sha: str) -> bool:
    """Whether no image has these pixels."""
    with everyone(session):  # equal pixels are kept once, whoever brought them
        return session.scalars(select(Image.id).where(Image.sha == sha).limit(1)).first() is None


def known_labels(image: Image, classes: tuple[str, ...]) -> list[int]:
    """Indices of the classes that the image is known to show."""
    labels: list[Any] = image.labels
    return [index for index, name in enumerate(classes) if name in labels]
