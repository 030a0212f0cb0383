"""From a CAM query to content keys: what must be there before it can be answered. No network here."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import ValidationError

import ssenet
from backend.problems import invalid, not_found
from backend.schemas.cams import CamQuery
from backend.service import Service
from backend.store.artifacts import cam_artifact, cam_cost_artifact
from backend.store.cams import Wish
from backend.store.images import known_labels
from backend.store.models import Checkpoint, Image
from ssenet.config import LabelSource
from ssenet.cost import ViewCost
from ssenet.data.images import working_size
from ssenet.results import CheckpointCard, View, cam_key, views_of

Coarse = dict[View, NDArray[np.float32]]
_SHARED_CLASSES = 32


@dataclass(frozen=True)
class Plan:
    """A query with everything that it names.

    Attributes:
        size: (H, W) of the photograph as it was uploaded.
        known: indices of the classes that the photograph is known to show.
        named: indices of the classes in the query.
    """

    query: CamQuery
    image_id: str
    image_sha: str
    size: tuple[int, int]
    known: tuple[int, ...]
    checkpoint_id: str
    card: CheckpointCard
    named: tuple[int, ...]
    views: tuple[View, ...]

    @cached_property
    def keys(self) -> dict[View, str]:
        """Content key of each view."""
        return {view: cam_key(self.image_sha, self.card.content_sha, view, "float16") for view in self.views}

    @property
    def wish(self) -> Wish:
        """What to ask of the workers."""
        return Wish(self.checkpoint_id, self.image_id, self.views, tuple(self.keys.values()))

    @property
    def label_source(self) -> LabelSource:
        """Who says which classes are present."""
        return self.query.labels or ("given" if self.named else "predicted")

    @property
    def working_size(self) -> tuple[int, int]:
        """(H, W) of the photograph at scale 1, as ``ssenet.data.images.working_image`` makes it."""
        return working_size(*self.size)

    @property
    def exclusive(self) -> bool:
        """Whether the network names one class an image."""
        return self.card.method == "classifier"

    def missing(self, service: Service) -> list[View]:
        """Views whose maps are not there yet."""
        return [view for view, key in self.keys.items() if not service.artifacts.exists(cam_artifact(key))]

    def load(self, service: Service) -> Coarse:
        """Raw coarse logits by view.

        Raises:
            FileNotFoundError: one is not there, or not any more.
        """
        read = service.artifacts.read
        return {view: _npy(read(cam_artifact(key))) for view, key in self.keys.items()}

    def costs(self, service: Service) -> dict[View, ViewCost | None]:
        """What computing each view took; None where nobody wrote it down, or it cannot be read."""
        return {view: _cost(service, key) for view, key in self.keys.items()}

    def tag(self, media: str) -> str:
        """What the answer's bytes depend on, as an entity tag."""
        drawn = self.query.model_dump(mode="json", exclude={"image", "wait"})
        parts = [media, sorted(self.keys.values()), drawn, self.known, ssenet.__version__]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:40]


def _npy(data: bytes) -> NDArray[np.float32]:
    array: NDArray[np.float32] = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
    return array


def _cost(service: Service, key: str) -> ViewCost | None:
    try:
        return ViewCost.model_validate_json(service.artifacts.read(cam_cost_artifact(key)))
    except (OSError, ValidationError):
        return None


def plan(service: Service, checkpoint_id: str, query: CamQuery) -> Plan:
    """Look up what a query names.

    Raises:
        Problem: 404 for an unknown checkpoint or image, 422 for classes that are not of the network, or a network
            without CAMs.
    """
    with service.database.read() as session:
        checkpoint = session.get(Checkpoint, checkpoint_id)
        image = session.get(Image, query.image)
    if checkpoint is None:
        raise not_found("checkpoint", checkpoint_id)
    if image is None:
        raise not_found("image", query.image)
    if checkpoint.role != "cam":
        text = f"Checkpoint {checkpoint_id} is of the kind {checkpoint.role} and has no class activation maps."
        raise invalid("/path/checkpoint_id", text)
    card = CheckpointCard.model_validate(checkpoint.card)
    made = Plan(
        query,
        image.id,
        image.sha,
        (image.height, image.width),
        tuple(known_labels(image, card.classes)),
        checkpoint_id,
        card,
        tuple(_class_index(card, index, name) for index, name in enumerate(query.classes)),
        tuple(views_of(query.scales, query.flip, **query.moved)),
    )
    _check_labels(made)
    return made


def _class_index(card: CheckpointCard, index: int, name: str) -> int:
    if name not in card.classes:
        some = ", ".join(card.classes[:20]) + (" …" if len(card.classes) > 20 else "")
        raise invalid(f"/query/classes/{index}", f"This network has no class {name!r}; it has {some}.")
    return card.classes.index(name)


def _check_labels(made: Plan) -> None:
    if made.label_source == "given" and not (made.named or made.known):
        text = "No label of this image is known to be a class of this network. Name classes, or take the predicted."
        raise invalid("/query/labels", text)
    unbounded = made.label_source == "all" and not made.named and len(made.card.classes) > _SHARED_CLASSES
    if made.query.normalisation == "shared" and unbounded:
        text = f"A maximum is shared by at most {_SHARED_CLASSES} classes; name them."
        raise invalid("/query/normalisation", text)
