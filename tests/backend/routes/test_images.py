"""Photographs: what is accepted, what is refused, and that nothing is left behind."""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.service import Service
from backend.store.models import CamRequest
from ssenet.data.images import decode_image, pixels_sha


def upload(client: TestClient, data: bytes, name: str = "photo.png") -> Any:
    return client.post("/api/v1/images", files={"file": (name, data)})


def left_behind(service: Service) -> list[Path]:
    staging = service.artifacts.root / ".tmp"
    return list(staging.iterdir()) if staging.exists() else []


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that claims side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_an_upload_becomes_canonical_pixels(client: TestClient, service: Service, make: Any, format: str) -> None:
    data = make.file(make.picture(), format)
    answer = upload(client, data, "a.bin")
    assert answer.status_code == 201
    image = answer.json()
    pixels = decode_image(data)
    assert image["sha"] == pixels_sha(pixels) and image["id"] == image["sha"][:32]
    assert (image["width"], image["height"], image["source"], image["name"]) == (32, 24, "upload", "a.bin")
    assert answer.headers["Location"] == f"/api/v1/images/{image['id']}"
    stored = client.get(f"/api/v1/images/{image['id']}/pixels")
    assert np.array_equal(decode_image(stored.content), pixels)
    assert left_behind(service) == []


def test_the_same_pixels_are_the_same_image(client: TestClient, make: Any) -> None:
    picture = make.picture()
    first = upload(client, make.file(picture, "PNG"))
    second = upload(client, make.file(picture, "PNG", compress_level=0), "other.png")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_the_same_upload_at_the_same_moment_is_one_image(client: TestClient, make: Any) -> None:
    data = make.file(make.picture())
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: upload(client, data), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]


def test_a_photograph_is_turned_upright(client: TestClient, make: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = upload(client, make.file(make.picture(24, 32), "JPEG", exif=exif)).json()
    assert (image["width"], image["height"]) == (24, 32)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a PNG, JPEG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG, JPEG or WebP"),
        (b"GIF89a" + bytes(100), "not a PNG, JPEG or WebP"),
        (bomb(50_000), "million pixels"),
        (bomb(9_000), "9000 x 9000"),
    ],
    ids=["empty", "svg", "gif", "bomb", "smaller bomb"],
)
def test_what_is_no_acceptable_image_is_refused(
    client: TestClient, service: Service, content: bytes, says: str
) -> None:
    answer = upload(client, content)
    problem = answer.json()
    assert answer.status_code == 422 and says in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/file"
    assert answer.headers["content-type"] == "application/problem+json"
    assert left_behind(service) == []
    assert client.get("/api/v1/images?source=upload").json()["items"] == []


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_cut_off_file_is_refused(client: TestClient, make: Any, format: str) -> None:
    data = make.file(make.picture(200, 200), format)
    answer = upload(client, data[: len(data) // 2])
    assert answer.status_code == 422 and "damaged or cut off" in answer.json()["detail"]


def test_a_body_over_the_limit_is_refused_in_both_framings(client: TestClient, service: Service) -> None:
    size = service.settings.image_bytes + 200_000
    declared = upload(client, bytes(size))
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'

    def chunks() -> Any:
        yield head
        for _ in range(size // 65536 + 1):
            yield bytes(65536)
        yield b"\r\n--b--\r\n"

    chunked = client.post(
        "/api/v1/images", content=chunks(), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    for answer in (declared, chunked):
        assert answer.status_code == 413
        assert answer.json()["type"] == "/problems/too-large"
    assert left_behind(service) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x.png", "/abs/x.png", "a\x00b.png", "ü" * 500, ""])
def test_a_file_name_is_never_a_path(client: TestClient, service: Service, make: Any, name: str) -> None:
    before = {path for path in service.settings.data_dir.rglob("*") if path.is_file()}
    answer = upload(client, make.file(make.picture()), name)
    if answer.status_code == 422:  # a file part without a name is no file
        assert answer.json()["errors"][0]["pointer"] == "/file"
        return
    image = answer.json()
    assert "/" not in image["name"] and "\\" not in image["name"] and "\x00" not in image["name"]
    assert 1 <= len(image["name"]) <= 200
    new = {path for path in service.settings.data_dir.rglob("*") if path.is_file()} - before
    assert {p.name for p in new if p.suffix not in (".db-wal", ".db-shm")} == {f"{image['sha']}.png"}


def test_pixels_are_immutable_and_can_be_shrunk(client: TestClient, make: Any) -> None:
    image = upload(client, make.file(make.picture(100, 200))).json()
    whole = client.get(f"/api/v1/images/{image['id']}/pixels")
    small = client.get(f"/api/v1/images/{image['id']}/pixels?max_side=50")
    assert "immutable" in whole.headers["Cache-Control"]
    assert whole.headers["ETag"] != small.headers["ETag"] and not small.headers["ETag"].startswith("W/")
    assert Image.open(io.BytesIO(small.content)).size == (50, 25)
    again = client.get(f"/api/v1/images/{image['id']}/pixels", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_of_the_listing_hold_every_image_once(client: TestClient, make: Any) -> None:
    for seed in range(5):
        upload(client, make.file(make.picture(seed=seed)))
    seen, cursor = [], None
    for _ in range(10):
        page = client.get("/api/v1/images", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [image["id"] for image in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7  # five of these and two of the gallery
    gallery = client.get("/api/v1/images?source=gallery").json()["items"]
    assert [image["name"] for image in gallery] == ["angelfish", "bison"]
    assert gallery[1]["labels"] == ["hoofed"] and gallery[1]["licence"]


def test_bad_listing_parameters_are_problems(client: TestClient) -> None:
    for query in ("source=secret", "limit=0", "cursor=%00", "cursor=bm9wZQ"):
        answer = client.get(f"/api/v1/images?{query}")
        assert answer.status_code == 422, query


def test_deleting(client: TestClient, service: Service, make: Any) -> None:
    image = upload(client, make.file(make.picture())).json()
    path = f"/api/v1/images/{image['id']}"
    with service.database.write() as session:
        session.add(
            CamRequest(
                key="k",
                checkpoint_id="c",
                image_id=image["id"],
                views=[],
                state="pending",
                created_at=0,
                announced_at=0,
                expires_at=1e12,
            )
        )
    assert client.delete(path).status_code == 409
    with service.database.write() as session:
        session.query(CamRequest).delete()
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert not service.artifacts.exists(f"images/{image['sha']}.png")
    gallery = client.get("/api/v1/images?source=gallery").json()["items"][0]
    assert client.delete(f"/api/v1/images/{gallery['id']}").status_code == 409
