"""Curves with bands on common images, and the images behind a point."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.service import Service
from backend.store.evaluations import summarise
from backend.store.models import Evaluation
from ssenet.analysis.alpha import AlphaCurves, Draws, Exact, alpha_row, bands_at, grid_bands
from ssenet.analysis.per_image import image_counts, image_rows
from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.histograms import AlphaHistogram, save_histograms
from ssenet.results import EvaluationRecord

CURVES = "/api/v1/analysis/curves"
K = 10


def pictures(seed: int, images: int) -> AlphaHistogram:
    """Counts of random pictures; the last has nothing to find."""
    random = np.random.default_rng(seed)
    parts = []
    for i in range(images):
        truth = random.integers(0, 3, (8, 8)).astype(np.uint8) * (i < images - 1)
        winner = np.where(truth > 0, truth, random.integers(1, K + 1, (8, 8)))
        parts.append(AlphaHistogram.of_image(truth, winner, random.random((8, 8), np.float32), K))
    return AlphaHistogram.join(parts)


@cache
def demo() -> tuple[list[str], str]:
    """Ids of the demo set's validation images, and its fingerprint."""
    opened = open_dataset(DatasetSpec(name="demo", kind="demo"))
    return opened.ids("val"), opened.fingerprint


class Stored:
    """Two evaluations: A of images 0…5, B of 2…7 in the other order, on the demo set's own ids."""

    def __init__(self, service: Service, make: Any, folder: Path) -> None:
        self.ids, self.fingerprint = demo()
        self.make, self.service, self.folder = make, service, folder
        self.histograms: dict[str, dict[str, AlphaHistogram]] = {}
        self.images = {"a": list(range(6)), "b": [7, 6, 5, 4, 3, 2]}
        for seed, (name, numbers) in enumerate(self.images.items()):
            self.add(name, seed, numbers)

    def add(self, name: str, seed: int, numbers: list[int], **changes: Any) -> None:
        rows = {row: pictures(10 * seed + i, len(numbers)) for i, row in enumerate(("0.5", "MS"))}
        record = self.record(numbers, **changes)
        path = self.folder / f"{name}.npz"
        path.write_bytes(save_histograms(rows))
        self.histograms[name] = rows
        with self.service.database.write() as session:
            session.add(
                Evaluation(
                    id=name,
                    checkpoint_id="demo-ssenet",
                    dataset_id="demo",
                    record=record.model_dump(mode="json"),
                    summary=summarise(rows),
                    histograms_path=str(path),
                    created_at=0.0,
                )
            )

    def record(self, numbers: list[int], **changes: Any) -> EvaluationRecord:
        card = self.make.card_of(self.make.weights_of(K))
        record: EvaluationRecord = self.make.record_of(card)
        protocol = record.protocol.model_copy(update={"dataset_fingerprint": self.fingerprint, **changes})
        return record.model_copy(
            update={"image_ids": tuple(self.ids[i] for i in numbers), "protocol": protocol, "agreed_alpha": 0.1}
        )


@pytest.fixture
def stored(service: Service, make: Any, tmp_path: Path) -> Stored:
    return Stored(service, make, tmp_path)


def test_curves_are_those_of_the_common_images(client: TestClient, stored: Stored) -> None:
    """Images 2 to 5, in the order of A; B has them at other places."""
    answer = client.get(CURVES, params={"evaluations": ["a", "b"], "rows": ["0.5", "MS"], "samples": 100, "alpha": 0.3})
    found = AlphaCurves.model_validate(answer.json())
    assert found.images == 4
    assert [(row.evaluation, row.row) for row in found.rows] == [(e, r) for e in "ab" for r in ("0.5", "MS")]
    draws = Draws(samples=100)
    for made in found.rows:
        positions = [stored.images[made.evaluation].index(image) for image in (2, 3, 4, 5)]
        histogram = stored.histograms[made.evaluation][made.row].take(np.array(positions))
        expected = alpha_row(
            Exact.of(histogram, None),
            (made.evaluation, made.row, None),
            0.3,
            grid_bands(histogram, [None], draws)[None],
            bands_at(histogram, [None], 0.3, draws)[None],
            agreed=0.1,
        )
        assert made == expected


def test_one_evaluation_keeps_all_its_images_and_classes_have_curves(client: TestClient, stored: Stored) -> None:
    params = {"evaluations": "a", "classes": ["background", "hoofed"], "samples": 100, "seed": 3}
    found = AlphaCurves.model_validate(client.get(CURVES, params=params).json())
    assert found.images == 6 and found.draws == Draws(samples=100, seed=3)
    assert [row.label for row in found.rows] == [None, "background", "hoofed"]
    histogram = stored.histograms["a"]["MS"]
    hoofed = grid_bands(histogram, [2], found.draws)[2]
    assert found.rows[2].iou_low == hoofed.iou[0].tolist()


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"evaluations": "nope"}, 404, "nope"),
    ({"evaluations": "a", "rows": "3"}, 404, "row in these evaluations"),
    ({"evaluations": "a", "classes": "dodo"}, 404, "dodo"),
    ({"evaluations": "a", "samples": 5001}, 422, "5000"),
    ({"evaluations": ["a", "a"]}, 422, "twice"),
    ({}, 422, "required"),
    ({"evaluations": ["a", "far"]}, 409, "no image in common"),
    ({"evaluations": ["a", "other"]}, 422, "different data sets"),
]


def test_what_cannot_be_drawn_is_said(client: TestClient, stored: Stored) -> None:
    stored.add("far", 5, [20, 21])
    stored.add("other", 6, [0, 1], dataset_fingerprint="e" * 64)
    for params, status, says in REFUSED:
        answer = client.get(CURVES, params=params)
        assert (answer.status_code, says in answer.text) == (status, True), (params, answer.text)


def test_images_are_ranked_and_can_be_opened(client: TestClient, stored: Stored) -> None:
    found = client.get("/api/v1/evaluations/b/images", params={"row": "0.5", "alpha": 0.3, "limit": 3}).json()
    rows = image_rows(image_counts(stored.histograms["b"]["0.5"], 0.3))
    assert (found["dataset"], found["split"], found["alpha"]) == ("demo", "val", 0.3)
    assert (found["total"], found["undefined"]) == (5, 1)
    order = [int(i) for i in np.argsort(rows.iou, kind="stable")[:3]]
    assert [item["index"] for item in found["items"]] == [stored.images["b"][i] for i in order]
    first = found["items"][0]
    assert first["iou"] == rows.iou[order[0]] and first["fn"] == rows.fn[order[0]]
    assert first["id"] == stored.ids[first["index"]] and first["pixels"] == 64
    assert set(first["classes"]) <= {"bird", "hoofed"}
    opened = client.post(f"/api/v1/datasets/demo/samples/val/{first['index']}/open")
    assert opened.json()["name"] == first["id"]


def test_images_of_a_class_in_parts_among_the_common_ones(client: TestClient, stored: Stored) -> None:
    params = {"alpha": 0.3, "class": "hoofed", "order": "fp", "common": "b", "offset": 1, "limit": 2}
    found = client.get("/api/v1/evaluations/a/images", params=params).json()
    part = stored.histograms["a"]["MS"].take(np.arange(2, 6))
    rows = image_rows(image_counts(part, 0.3), 2)
    order = [int(i) for i in np.argsort(-rows.fp, kind="stable") if not np.isnan(rows.iou[i])]
    assert found["total"] == len(order)
    assert [item["index"] for item in found["items"]] == [i + 2 for i in order[1:3]]


def test_images_of_a_changed_data_set_cannot_be_opened(client: TestClient, stored: Stored) -> None:
    stored.add("old", 5, [0, 1], dataset_fingerprint="e" * 64)
    items = client.get("/api/v1/evaluations/old/images").json()["items"]
    assert [item["index"] for item in items] == [None]


def test_rankings_that_there_are_not(client: TestClient, stored: Stored) -> None:
    assert stored.ids
    for query in ("row=3", "class=dodo", "order=random", "alpha=2", "nonsense=1"):
        assert client.get(f"/api/v1/evaluations/a/images?{query}").status_code in (404, 422), query
