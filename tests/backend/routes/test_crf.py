"""The dense CRF on demand: a real process refines, the maps are put into the store by hand."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from anyio import to_thread
from starlette.testclient import TestClient

from backend.problems import Problem
from backend.refinements import Refinements
from backend.service import Service
from backend.store.artifacts import cam_artifact
from backend.store.models import Checkpoint
from backend.store.models import Image as ImageRow
from ssenet.crf import unavailable
from ssenet.data.images import working_image
from ssenet.refine.scrub import ScrubSettings, frames, normalised_maps, unpack_frames
from ssenet.results import CheckpointCard, View, cam_key

CRF = "/api/v1/checkpoints/demo-ssenet/crf"
NPZ = "application/x-npz"
needs_crf = pytest.mark.skipif(unavailable() is not None, reason=unavailable() or "")


def logits(classes: int = 10) -> np.ndarray:
    """(K, 3, 4): class 1 on the left, class 0 on the right, nothing else."""
    out = np.full((classes, 3, 4), -3.0)
    out[1, :, :2], out[0, :, 2:] = 4.0, 5.0
    return out.astype(np.float16)


def give_maps(service: Service, image_id: str, scales: tuple[float, ...] = (1.0,)) -> None:
    """Put maps of the given scales into the store, as a worker would."""
    with service.database.read() as session:
        image, checkpoint = session.get(ImageRow, image_id), session.get(Checkpoint, "demo-ssenet")
        assert image and checkpoint
    card = CheckpointCard.model_validate(checkpoint.card)
    for scale in scales:
        buffer = io.BytesIO()
        np.save(buffer, logits(len(card.classes)))
        key = cam_key(image.sha, card.content_sha, View(scale=scale), "float16")
        service.artifacts.put_bytes(cam_artifact(key), buffer.getvalue())


@pytest.fixture
def image(client: TestClient, service: Service, make: Any) -> str:
    """A small photograph whose maps at scale 1 are there."""
    answer = client.post("/api/v1/images", files={"file": ("a.png", make.file(make.picture(24, 32)))})
    image_id: str = answer.json()["id"]
    give_maps(service, image_id)
    return image_id


@pytest.fixture
def in_this_process(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Refine without starting a process, which takes seconds; the works that were done."""
    done: list[Any] = []

    async def do(work: Any, item: Any, _gone: Any) -> Any:
        done.append(item)
        return await to_thread.run_sync(work, item)

    monkeypatch.setattr(service.refinements, "do", do)
    return done


@pytest.fixture
def get(client: TestClient, image: str) -> Callable[..., Any]:
    """Ask for the small photograph."""

    def ask(accept: str = "application/json", headers: dict[str, str] | None = None, **query: Any) -> Any:
        params = {"image": image, "scales": 1, "iterations": 2, **query}
        return client.get(CRF, params=params, headers={"Accept": accept, **(headers or {})})

    return ask


@needs_crf
def test_numbers_and_frames_under_both_powers(get: Callable[..., Any], make: Any) -> None:
    answer = get()
    assert answer.status_code == 200, answer.text
    said, report = answer.json(), answer.json()["report"]
    assert report["classes"] == [make.classes[0], make.classes[1]]  # by index, so that equal sets are equal frames
    assert [v["name"] for v in report["variants"]] == ["low", "high", "affinity"]
    assert all(len(v["changed"]) == 3 for v in report["variants"])
    assert (report["truth"], said["outside"], said["cached"]) == (False, False, False)
    assert said["protocol"]["crf"].startswith("dense CRF (psa): 2 iterations")
    made = unpack_frames(get(NPZ).content)
    maps = normalised_maps({View(scale=1): logits().astype(np.float32)}, (24, 32), (0, 1))
    own = frames(working_image(make.picture(24, 32)), maps, (0, 1), ScrubSettings(iterations=2))
    assert made.classes == (0, 1) and set(made.labels) == {"low", "high", "affinity"}
    for name, labels in own.labels.items():
        assert np.array_equal(made.labels[name], labels)
    assert get().json()["cached"]


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_constant_background_and_named_classes(get: Callable[..., Any], make: Any) -> None:
    report = get(alpha=0.3, classes=[make.classes[4]]).json()["report"]
    assert [v["name"] for v in report["variants"]] == ["alpha"] and report["classes"] == [make.classes[4]]
    assert report["variants"][0]["background"] == "α = 0.3"


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_what_a_sample_of_a_masked_split_gains(client: TestClient, service: Service) -> None:
    opened = client.post("/api/v1/datasets/demo/samples/val/0/open").json()
    give_maps(service, opened["id"])
    params = {"image": opened["id"], "scales": 1, "iterations": 1}
    said = client.get(CRF, params=params).json()
    low, _, affinity = said["report"]["variants"]
    assert said["report"]["truth"] and said["protocol"]["uses_ground_truth"]
    assert len(low["miou"]) == 2 and "background" in low["iou"] and low["right"] is None
    assert len(affinity["right"]) == 2 and affinity["miou"] is None
    with np.load(io.BytesIO(client.get(CRF, params=params, headers={"Accept": NPZ}).content)) as arrays:
        assert arrays["truth"].shape == arrays["low"].shape[1:]


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_a_sample_that_is_another_by_now_has_no_truth(client: TestClient, service: Service) -> None:
    opened = client.post("/api/v1/datasets/demo/samples/val/0/open").json()
    give_maps(service, opened["id"])
    with service.database.write() as session:
        row = session.get(ImageRow, opened["id"])
        assert row is not None
        row.origin = "demo/val/1"
    said = client.get(CRF, params={"image": opened["id"], "scales": 1, "iterations": 0}).json()
    assert not said["report"]["truth"] and not said["protocol"]["uses_ground_truth"]


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_entity_tags_come_from_the_content(get: Callable[..., Any]) -> None:
    first = get()
    again = get(headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get(preset="seam").headers["ETag"] != first.headers["ETag"] != get(NPZ).headers["ETag"]


@needs_crf
def test_many_who_wish_the_same_cause_one_refinement(get: Callable[..., Any], in_this_process: list[Any]) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: get(), range(6)))
    assert [a.status_code for a in answers] == [200] * 6 and len(in_this_process) == 1
    assert sum(not a.json()["cached"] for a in answers) == 1


def test_without_the_library_it_is_refused_in_words(get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    monkeypatch.setattr("ssenet.crf.find_spec", lambda name: None)
    answer = get()
    assert answer.status_code == 409 and answer.json()["type"] == "/problems/crf-unavailable"
    assert "pydensecrf2" in answer.json()["detail"] and "make env" in answer.json()["detail"]


@needs_crf
def test_maps_that_take_long_are_asked_for_again(get: Callable[..., Any]) -> None:
    pending = get(scales=[1, 2], wait=0)
    assert pending.status_code == 202
    assert pending.json() == {"state": "pending", "missing": 1, "total": 2}
    assert pending.headers["Location"].startswith(CRF + "?image=")


@needs_crf
def test_what_cannot_be_refined_is_refused(get: Callable[..., Any], client: TestClient) -> None:
    assert get(power_low=8, power_high=4).status_code == 422
    assert get(classes="unicorn").json()["errors"][0]["pointer"] == "/query/classes/0"
    assert get("text/html").status_code == 406
    assert client.get(CRF, params={"image": "none"}).status_code == 404


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_a_photograph_without_pixels_is_said_to_be_gone(get: Callable[..., Any], service: Service, image: str) -> None:
    with service.database.read() as session:
        row = session.get(ImageRow, image)
        assert row is not None
    service.artifacts.delete(f"images/{row.sha}.png")
    assert get().status_code == 404


@needs_crf
@pytest.mark.usefixtures("in_this_process")
def test_frames_that_are_trimmed_in_this_moment_are_asked_for_again(
    get: Callable[..., Any], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get().status_code == 200
    read = service.artifacts.read

    def trim_and_read(key: str) -> bytes:
        if key.startswith("crf/"):
            service.artifacts.trim("crf", 0)
        return read(key)

    monkeypatch.setattr(service.artifacts, "read", trim_and_read)
    answer = get()
    assert answer.status_code == 503 and answer.headers["Retry-After"] and "trimmed" in answer.json()["detail"]
    monkeypatch.setattr(service.artifacts, "read", read)
    assert get().status_code == 200


@pytest.mark.promise("R10")
def test_a_full_disk_does_not_withhold_frames_that_are_made(
    get: Callable[..., Any], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = service.artifacts.put_bytes

    def full(key: str, data: bytes) -> Path:
        if key.startswith("crf/"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(key, data)

    monkeypatch.setattr(service.artifacts, "put_bytes", full)
    answers = [get(), get()]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all(answer.json()["cached"] is False for answer in answers), "made twice, since nothing could be kept"


# The process -----------------------------------------------------------------------------------------------------
async def never() -> bool:
    return False


@pytest.fixture
def importable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process finds this module however the tests were started: only ``python -m pytest`` puts it on the path."""
    monkeypatch.syspath_prepend(request.config.rootpath)


def wait_forever(marker: Path) -> None:
    """Say who works, and go on for longer than any test."""
    marker.write_text(str(os.getpid()))
    threading.Event().wait(600)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("importable")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_work_that_nobody_waits_for_is_killed(tmp_path: Path, wait_until: Callable[..., Any]) -> None:
    marker = tmp_path / "pid"

    async def gone() -> bool:
        return marker.exists() and bool(marker.read_text())

    async def main() -> None:
        with pytest.raises(Problem, match="Nobody waited"):
            await Refinements().do(wait_forever, marker, gone)

    anyio.run(main)
    wait_until(lambda: not alive(int(marker.read_text())), what="the end of the process")


def killed(_: None) -> None:
    """End as if the system were short of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def where(_: None) -> tuple[int, bool]:
    """The process, and whether torch is loaded in it."""
    return os.getpid(), "torch" in sys.modules


@pytest.mark.usefixtures("importable")
def test_work_is_done_in_a_process_of_its_own_which_may_be_killed() -> None:
    async def main() -> None:
        refinements = Refinements()
        with pytest.raises(Problem, match="was killed"):
            await refinements.do(killed, None, never)
        process, torch = await refinements.do(where, None, never)
        assert process != os.getpid() and not torch
        with pytest.raises(TypeError):
            await refinements.do(abs, "three", never)

    anyio.run(main)
