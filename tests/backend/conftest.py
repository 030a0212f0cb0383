"""A seeded installation per test, copied from one that is made once: real SQLite file, real artifacts."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save
from starlette.testclient import TestClient

import backend.service
from backend.app import create_app
from backend.decoding.pool import DecodeLimits, Decoders
from backend.decoding.process import DecoderProcess
from backend.service import Service
from backend.settings import Settings
from backend.store import seed as seeding
from backend.store.database import Database
from backend.store.migrate import upgrade
from ssenet.data.gallery import gallery
from ssenet.histograms import AlphaHistogram, save_histograms
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard
from ssenet.weights.builtin import Builtin

CLASSES = (
    "bird", "hoofed", "predator", "smallmammal", "fish", "fruit", "vegetable", "flower", "vehicle", "instrument",
)  # fmt: skip


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class RecordingDoorbell:
    """Stands in for the queue: what would be announced is in ``jobs`` and ``cams``."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.cams: list[str] = []
        self.away = False
        self.on_cam: Callable[[str], None] = lambda key: None

    def wake(self, job_id: str) -> bool:
        self.jobs.append(job_id)
        return not self.away

    def request_cam(self, key: str, *, expires: float) -> bool:
        assert expires > 0
        self.cams.append(key)
        self.on_cam(key)
        return not self.away

    def ping(self) -> bool:
        return not self.away


def weights_of(classes: int, *, name: str = "classifier.weight", dtype: Any = np.float16) -> bytes:
    """A tiny safetensors file with a classifier."""
    return save({name: np.ones((classes, 4, 1, 1), dtype), "backbone.bias": np.zeros(4, dtype)})


def card_of(weights: bytes, **changes: Any) -> CheckpointCard:
    """A card that fits ``weights``."""
    values: dict[str, Any] = {
        "name": "Tiny",
        "method": "ssenet",
        "backbone": "tf_efficientnet_lite0",
        "stride": 16,
        "classes": CLASSES,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "dataset": "demo",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "code_version": "0",
    }
    return CheckpointCard(**(values | changes))


def histograms() -> dict[str, AlphaHistogram]:
    """Counts of one random 8 x 8 image, for a single scale and for MS."""
    generator = np.random.default_rng(0)

    def one() -> AlphaHistogram:
        truth = generator.integers(0, 3, (8, 8)).astype(np.uint8)
        winner = generator.integers(1, len(CLASSES) + 1, (8, 8))
        return AlphaHistogram.of_image(truth, winner, generator.random((8, 8), np.float32), len(CLASSES))

    return {"0.5": one(), "MS": one()}


def record_of(card: CheckpointCard) -> EvaluationRecord:
    """What ``histograms`` belongs to."""
    protocol = ProtocolCard(
        dataset="demo",
        dataset_fingerprint="f",
        split="val",
        images=1,
        label_source="given",
        scales=(0.5,),
        multi_scale=(0.5,),
        flip=False,
        relu_order="fast",
        alpha_rule="fixed 0.2",
        weights_sha256=card.weights_sha256,
        code_version="0",
    )
    return EvaluationRecord(
        checkpoint=card.name, classes=CLASSES, image_ids=("0",), rows=("0.5", "MS"), protocol=protocol
    )


def builtins(folder: Path) -> list[Builtin]:
    """Two built-in checkpoints: one with an evaluation, and a classifier whose weights are no safetensors."""
    data, other = weights_of(len(CLASSES)), b"\x80pickled"
    (folder / "demo.safetensors").write_bytes(data)
    (folder / "classifier.pth").write_bytes(other)
    (folder / "demo.evaluation.npz").write_bytes(save_histograms(histograms()))
    card = card_of(data, name="Demo SSENet")
    classifier = card_of(other, name="Classifier", method="classifier", classes=("cat", "dog"), dataset=None)
    evaluation = (record_of(card), folder / "demo.evaluation.npz")
    return [
        Builtin("demo-ssenet", card, folder / "demo.safetensors", (evaluation,)),
        Builtin("imagenet-lite0", classifier, folder / "classifier.pth"),
    ]


class Make:
    """Makers of test material."""

    classes = CLASSES
    weights_of = staticmethod(weights_of)
    card_of = staticmethod(card_of)
    histograms = staticmethod(histograms)
    record_of = staticmethod(record_of)
    builtins = staticmethod(builtins)

    @staticmethod
    def picture(height: int = 24, width: int = 32, seed: int = 0) -> NDArray[np.uint8]:
        """A random RGB picture."""
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)

    @staticmethod
    def file(image: NDArray[np.uint8], format: str = "PNG", **options: Any) -> bytes:
        """An image file."""
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, format, **options)
        return buffer.getvalue()


@pytest.fixture(scope="session")
def make() -> type[Make]:
    """Makers of test material."""
    return Make


def with_tiny_installation(patch: pytest.MonkeyPatch, builtin_list: list[Builtin]) -> None:
    """Let a start add tiny checkpoints and two photographs instead of the real ones."""
    patch.setattr(seeding, "builtin_checkpoints", lambda: builtin_list)
    patch.setattr(seeding, "gallery", lambda: gallery()[:2])


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Builtin]]:
    """A data folder with everything that a start would add, for copying, and its built-in checkpoints."""
    data_dir = tmp_path_factory.mktemp("installed")
    builtin_list = builtins(tmp_path_factory.mktemp("builtins"))
    settings = Settings(data_dir=data_dir)
    with pytest.MonkeyPatch.context() as patch:
        with_tiny_installation(patch, builtin_list)
        database = Database(settings.database)
        upgrade(database.engine)
        assert seeding.seed(database, settings) == []
        database.dispose()
    return data_dir, builtin_list


@pytest.fixture
def settings(installed: tuple[Path, list[Builtin]], tmp_path: Path) -> Settings:
    """Settings of an installation of this test's own."""
    shutil.copytree(installed[0], tmp_path / "data")
    return Settings(data_dir=tmp_path / "data", redis_url="redis+socket:///nowhere/valkey.sock", sweep_interval=3600)


@pytest.fixture(scope="session")
def idle_decoders() -> Iterator[list[DecoderProcess]]:
    """Processes that decode, started once for all tests: a start takes longer than most of them."""
    idle: list[DecoderProcess] = []
    yield idle
    for process in idle:
        process.kill()


@pytest.fixture
def shared_decoders(idle_decoders: list[DecoderProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every API that this test starts use them, and leave them running when it ends."""

    class Shared(Decoders):
        def __init__(self, limits: DecodeLimits) -> None:
            super().__init__(limits)
            self._idle = idle_decoders

        def close(self) -> None:
            pass

    monkeypatch.setattr(backend.service, "Decoders", Shared)


@pytest.fixture
def client(
    settings: Settings,
    installed: tuple[Path, list[Builtin]],
    monkeypatch: pytest.MonkeyPatch,
    shared_decoders: None,  # noqa: ARG001
) -> Iterator[TestClient]:
    """The API with a recording doorbell."""
    with_tiny_installation(monkeypatch, installed[1])
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        app.state.service.doorbell = RecordingDoorbell()
        yield opened


@pytest.fixture
def service(client: TestClient) -> Service:
    """What the running API holds on to."""
    running: Service = client.app.state.service  # type: ignore[attr-defined]
    return running


@pytest.fixture
def doorbell(service: Service) -> RecordingDoorbell:
    """What the API announced."""
    assert isinstance(service.doorbell, RecordingDoorbell)
    return service.doorbell


@pytest.fixture
def clock() -> Clock:
    """The clock of ``database``."""
    return Clock()


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Iterator[Database]:
    """An empty migrated SQLite file with a clock of the test's own."""
    made = Database(f"sqlite:///{tmp_path / 'test.db'}", clock)
    upgrade(made.engine)
    yield made
    made.dispose()
