"""Sets, their pictures and archives, and scores over HTTP."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from stage_results import record_of
from starlette.testclient import TestClient
from tiny_sets import tiny_set

from backend import set_pictures
from backend.service import Service
from backend.store import image_sets, job_records, jobs
from backend.store.artifacts import attempt_key, score_key
from backend.store.models import ImageSet
from ssenet.config import DatasetSpec, SetKind
from ssenet.data import open_dataset
from ssenet.data.images import encode_mask_png, voc_palette
from ssenet.sets import SetManifest

SETS, SCORES = "/api/v1/sets", "/api/v1/scores"
DEMO = DatasetSpec(name="demo", kind="demo")
MAKERS: dict[SetKind, str] = {"cams": "infer_cam", "crf": "crf", "walk": "random_walk", "masks": "pseudo_labels"}
Make = Callable[..., str]


@pytest.fixture
def made(service: Service) -> Make:
    """``made(kind)``: a set of two images that a job left, and a score with masks; returns its id."""

    def make(kind: SetKind, **manifest: Any) -> str:
        with service.database.write() as session:
            job = jobs.submit(session, jobs.NewJob(MAKERS[kind], {"dataset": "demo"}, "mine"))[0]
            claim = jobs.claim(session, job.id, "w", 60)
        assert claim is not None
        key = f"{attempt_key(job.id, 1)}/result"
        made_set = tiny_set(service.artifacts.path(key), kind, spec=DEMO)
        whole = SetManifest.model_validate(made_set.manifest.model_dump() | manifest)
        (made_set.folder / "manifest.json").write_text(whole.model_dump_json())
        with service.database.write() as session:
            set_id = job_records.commit_set(session, claim, whole, folder=key, size=made_set.bytes)
            if kind == "masks":
                counts = score_key(job.id)
                service.artifacts.put_bytes(counts, b"counts")
                job_records.commit_score(session, claim, record_of(), score_id=f"s-{job.id}", counts_key=counts)
            jobs.finish(session, claim)
        return set_id

    return make


def picture(client: TestClient, set_id: str, index: int = 0, **query: Any) -> np.ndarray[Any, Any]:
    answer = client.get(f"{SETS}/{set_id}/items/{index}/picture", params=query)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_sets_are_listed_and_told_apart(client: TestClient, made: Make) -> None:
    cams, masks = made("cams"), made("masks")
    listed = client.get(SETS).json()["items"]
    assert [item["id"] for item in listed] == [masks, cams] and "image_ids" not in listed[0]
    assert [item["id"] for item in client.get(f"{SETS}?kind=cams").json()["items"]] == [cams]
    assert client.get(f"{SETS}?dataset=other").json()["items"] == []
    one = client.get(f"{SETS}/{masks}").json()
    assert (one["kind"], one["subject"], one["dataset"], one["split"]) == ("masks", "pseudo-labels", "demo", "train")
    assert one["image_ids"] == open_dataset(DEMO).ids("train")[:2] and one["images"] == 2 and one["size"] > 0
    assert [step["kind"] for step in one["lineage"]][-1] == "pseudo_labels" and one["name"] == "mine"
    assert client.get(f"{SETS}?job={one['job_id']}").json()["items"][0]["id"] == masks
    assert client.get(f"/api/v1/jobs/{one['job_id']}").json()["result"]["set"] == masks
    assert client.get(f"{SETS}/nope").status_code == 404


def test_pictures_of_masks_show_the_classes_over_the_photograph(client: TestClient, made: Make) -> None:
    set_id = made("masks")
    sample = open_dataset(DEMO).sample("train", 0)
    assert sample.mask is not None
    np.testing.assert_array_equal(picture(client, set_id, what="photo"), sample.image)
    labels = picture(client, set_id, what="labels")
    np.testing.assert_array_equal(labels, picture(client, set_id, what="truth"))  # a tiny set holds the true masks
    inside = sample.mask > 0
    np.testing.assert_array_equal(labels[~inside], sample.image[~inside])
    colours = voc_palette()[sample.mask[inside]].astype(float)
    before, after = (np.abs(image[inside] - colours).mean() for image in (sample.image.astype(float), labels))
    assert after < before
    assert max(picture(client, set_id, max_side=64).shape) == 64


@pytest.mark.parametrize("kind", ["cams", "crf", "walk"])
def test_pictures_of_maps(client: TestClient, made: Make, kind: SetKind) -> None:
    set_id = made(kind)
    sample = open_dataset(DEMO).sample("train", 0)
    names = [name for name, given in zip(open_dataset(DEMO).classes, sample.labels, strict=True) if given]
    first = picture(client, set_id, what="map")
    np.testing.assert_array_equal(first, picture(client, set_id, what="map", **{"class": names[0]}))
    assert first.shape == sample.image.shape and not np.array_equal(first, sample.image)
    assert picture(client, set_id).shape == sample.image.shape
    absent = client.get(f"{SETS}/{set_id}/items/0/picture", params={"what": "map", "class": "nothing"})
    assert absent.status_code == 404


def test_the_two_backgrounds_of_a_crf_set_are_different_pictures(client: TestClient, made: Make) -> None:
    set_id = made("crf")
    low, high = (picture(client, set_id, what="map", variant=variant) for variant in ("low", "high"))
    assert not np.array_equal(low, high)


def test_pictures_are_not_sent_twice(client: TestClient, made: Make) -> None:
    set_id = made("walk")
    path = f"{SETS}/{set_id}/items/1/picture"
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    for other in ({"what": "map"}, {"max_side": 64}, {"what": "map", "class": "bird"}, {"variant": "high"}):
        assert client.get(path, params=other, headers={"If-None-Match": tag}).status_code != 304


def test_no_more_is_computed_than_is_shown_and_few_at_a_time(
    client: TestClient, service: Service, made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, at_once = list[tuple[int, int]](), list[float]()
    real = set_pictures.score_maps

    def watched(image_set: Any, image_id: str, size: tuple[int, int]) -> Any:
        sizes.append(size)
        at_once.append(service.decoding.borrowed_tokens)
        return real(image_set, image_id, size)

    monkeypatch.setattr(set_pictures, "score_maps", watched)
    cams, walk = made("cams"), made("walk")
    for what in ("labels", "map"):
        shown = picture(client, cams, what=what, max_side=64)
        assert sizes.pop() == shown.shape[:2] and max(shown.shape) == 64
        assert picture(client, walk, what=what, max_side=64).shape == shown.shape
        assert sizes.pop() == open_dataset(DEMO).sample("train", 0).image.shape[:2], "a walk has its photograph's size"
    assert at_once == [1] * 4


def test_an_item_of_another_size_than_its_photograph_is_refused_with_words(
    client: TestClient, service: Service, made: Make
) -> None:
    set_id = made("masks")
    with service.database.read() as session:
        image_set = image_sets.opened(session.get_one(ImageSet, set_id), service.artifacts)
    image_set.path(image_set.ids[0]).write_bytes(encode_mask_png(np.zeros((3, 5), np.uint8)))
    answer = client.get(f"{SETS}/{set_id}/items/0/picture")
    assert answer.status_code == 409 and "was replaced" in answer.json()["detail"]


def test_pictures_that_are_not_there(client: TestClient, made: Make) -> None:
    path = f"{SETS}/{made('masks')}/items"
    wanted: list[tuple[int, dict[str, Any], int]] = [
        (2, {}, 404), (0, {"what": "map"}, 422), (0, {"what": "else"}, 422), (0, {"max_side": 1}, 422), (-1, {}, 422),
    ]  # fmt: skip
    for index, query, status in wanted:
        assert client.get(f"{path}/{index}/picture", params=query).status_code == status, query


def test_a_set_of_a_data_set_that_has_changed_is_refused_with_words(client: TestClient, made: Make) -> None:
    set_id = made("masks", dataset_fingerprint="other")
    answer = client.get(f"{SETS}/{set_id}/items/0/picture")
    assert answer.status_code == 409 and "have changed" in answer.json()["detail"]
    assert client.get(f"{SETS}/{set_id}/voc.zip").status_code == 409


def test_masks_as_a_voc_folder(client: TestClient, made: Make, tmp_path: Path) -> None:
    set_id = made("masks")
    answer = client.get(f"{SETS}/{set_id}/voc.zip")
    assert answer.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    spec = DatasetSpec(name="exported", kind="voc", path=str(tmp_path / "voc"))
    exported, source = open_dataset(spec), open_dataset(DEMO)
    assert exported.splits == {"train": 2} and exported.classes == source.classes
    for index in range(2):
        np.testing.assert_array_equal(exported.sample("train", index).mask, source.sample("train", index).mask)


def test_predictions_as_the_voc_server_takes_them(client: TestClient, service: Service, made: Make) -> None:
    set_id = made("masks", subject="segmentation")
    refused = client.get(f"{SETS}/{set_id}/server.tgz")
    assert refused.status_code == 409 and "ignored pixels" in refused.json()["detail"]
    with service.database.read() as session:
        image_set = image_sets.opened(session.get_one(ImageSet, set_id), service.artifacts)
    for image_id in image_set.ids:
        mask = image_set.mask(image_id)
        image_set.path(image_id).write_bytes(encode_mask_png(np.where(mask == 255, 0, mask).astype(np.uint8)))
    answer = client.get(f"{SETS}/{set_id}/server.tgz")
    assert answer.headers["content-type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        folder = "results/VOC2012/Segmentation/comp6_train_cls"
        assert archive.getnames() == [f"{folder}/{image_id}.png" for image_id in image_set.ids]


def test_archives_of_what_cannot_be_one(client: TestClient, made: Make) -> None:
    cams, labels = made("cams"), made("masks")
    for path in (f"{labels}/server.tgz", f"{cams}/server.tgz", f"{cams}/voc.zip"):
        refused = client.get(f"{SETS}/{path}")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-offered")


def test_deleting_a_set_takes_its_items_and_its_score(client: TestClient, service: Service, made: Make) -> None:
    set_id = made("masks")
    one = client.get(f"{SETS}/{set_id}").json()
    [score] = client.get(f"{SCORES}?job={one['job_id']}").json()["items"]
    assert score["set_id"] == set_id
    assert client.delete(f"{SETS}/{set_id}").status_code == 204
    assert client.get(f"{SETS}/{set_id}").status_code == client.get(f"{SCORES}/{score['id']}").status_code == 404
    assert not service.artifacts.exists(f"{attempt_key(one['job_id'], 1)}/result")
    assert not service.artifacts.exists(score_key(one["job_id"]))


def test_a_set_that_a_job_takes_is_in_use(client: TestClient, made: Make) -> None:
    set_id = made("cams")
    job = client.post("/api/v1/jobs", json={"kind": "crf", "settings": {"cams": set_id, "crf": "off"}}).json()
    refused = client.delete(f"{SETS}/{set_id}")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/in-use")
    client.post(f"/api/v1/jobs/{job['id']}/cancel")
    assert client.delete(f"{SETS}/{set_id}").status_code == 204


def test_scores_tell_figures_with_their_protocol(client: TestClient, made: Make) -> None:
    made("masks")
    [score] = client.get(f"{SCORES}?dataset=demo&subject=pseudo-labels").json()["items"]
    # Eq. 4: 4 / (6 + 6 - 4); Eqs. 5 and 6: 2 missed and 2 false for 4 true positives of each class
    assert score["iou"] == pytest.approx({"background": 50.0, "cat": 50.0, "dog": 50.0})
    assert (score["miou"], score["m_fn"], score["m_fp"]) == pytest.approx((50.0, 0.5, 0.5))
    assert score["protocol"]["split"] == "train" and score["images"] == 2 and score["coverage"] is None
    assert client.get(f"{SCORES}/{score['id']}").json() == score
    assert client.get(f"{SCORES}?subject=segmentation").json()["items"] == []
    assert client.get(f"{SCORES}/nope").status_code == 404
