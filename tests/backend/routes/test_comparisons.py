"""Comparisons over HTTP: the same figures as the library's, refusals in words, one computation at a time."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from evaluations import evaluated
from starlette.testclient import TestClient

from backend.routes import comparisons
from backend.service import Service
from backend.store.evaluations import summarise
from backend.store.models import Evaluation as Row
from ssenet.analysis.comparison import Comparison, compare
from ssenet.analysis.object_sizes import SizeChoice, SizeComparison, compare_sizes
from ssenet.analysis.pair import Choice, Evaluated
from ssenet.histograms import AlphaHistogram, load_histogram, save_histograms

Add = Callable[[str, Evaluated], None]


@pytest.fixture
def add(service: Service, tmp_path: Path) -> Iterator[Add]:
    """Put an evaluation into the installation."""

    def put(row_id: str, one: Evaluated) -> None:
        path = tmp_path / f"{row_id}.npz"
        path.write_bytes(save_histograms(dict(one.histograms)))
        row = Row(
            id=row_id,
            checkpoint_id="demo-ssenet",
            dataset_id="demo",
            record=one.record.model_dump(mode="json"),
            summary=summarise(one.histograms),
            histograms_path=str(path),
            created_at=1.0,
        )
        with service.database.write() as session:
            session.add(row)

    comparisons._compared.cache_clear()
    comparisons._compared_sizes.cache_clear()
    yield put


@pytest.fixture
def pair(add: Add) -> tuple[Evaluated, Evaluated]:
    """Two evaluations of the same pictures, ``ev-a`` and ``ev-b``."""
    a, b = evaluated("a", 1), evaluated("b", 2, quality=0.9)
    add("ev-a", a)
    add("ev-b", b)
    return a, b


def test_a_comparison_is_the_librarys(client: TestClient, pair: tuple[Evaluated, Evaluated]) -> None:
    query = "a=ev-a&b=ev-b&row=1&alpha_a=best&alpha_b=0.3&samples=150&seed=3"
    answer = client.get(f"/api/v1/comparisons?{query}")
    assert answer.status_code == 200
    expected = compare(*pair, Choice(row="1", alpha_a="best", alpha_b=0.3, samples=150, seed=3))
    assert Comparison.model_validate_json(answer.content) == expected


@pytest.mark.usefixtures("pair")
def test_without_further_words_it_is_ms_at_the_papers_alpha(client: TestClient) -> None:
    found = Comparison.model_validate_json(client.get("/api/v1/comparisons?a=ev-a&b=ev-b").content)
    assert found.choice == Choice() and found.row().alpha_b == 0.2 and found.choice.samples == 2000


def test_object_sizes_are_the_librarys(client: TestClient, pair: tuple[Evaluated, Evaluated]) -> None:
    address = "/api/v1/comparisons/objects?a=ev-a&b=ev-b&row=1&samples=100"
    found = SizeComparison.model_validate_json(client.get(address).content)
    assert found == compare_sizes(*pair, SizeChoice(row="1", samples=100))
    fixed = SizeComparison.model_validate_json(client.get(address + "&small=0.1&medium=0.2").content)
    assert fixed == compare_sizes(*pair, SizeChoice(row="1", samples=100, limits=(0.1, 0.2)))


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?a=ev-a", 422, "/query/b"),
        ("?a=ev-a&b=nope", 404, "no evaluation 'nope'"),
        ("?a=ev-a&b=ev-b&row=4", 422, "rows in common: 0.5, 1, MS"),
        ("?a=ev-a&b=ev-b&samples=100000", 422, "less than or equal to 10000"),
        ("?a=ev-a&b=ev-b&alpha_a=1.5", 422, "less than or equal to 1"),
        ("?a=ev-a&b=ev-b&colour=red", 422, "Extra inputs"),
        ("/objects?a=ev-a&b=ev-b&small=0.3", 422, "together"),
        ("/objects?a=ev-a&b=ev-b&small=0.3&medium=0.2", 422, "the smaller first"),
        ("/objects?a=ev-a&b=ev-b&row=4", 422, "rows in common"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(client: TestClient, query: str, status: int, words: str) -> None:
    answer = client.get("/api/v1/comparisons" + query)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


@pytest.mark.usefixtures("pair")
def test_other_data_cannot_be_compared(client: TestClient, add: Add) -> None:
    add("ev-other", evaluated("c", 3, dataset_fingerprint="e" * 64))
    for address in ("", "/objects"):
        answer = client.get(f"/api/v1/comparisons{address}?a=ev-a&b=ev-other")
        assert answer.status_code == 422 and "same data set" in answer.json()["detail"]


@pytest.mark.usefixtures("pair")
def test_rows_are_read_one_after_the_other(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large data set all rows of both networks together would fill the memory."""
    read: list[weakref.ref[AlphaHistogram]] = []
    most = []

    def load(path: Path, name: str) -> AlphaHistogram:
        most.append(sum(one() is not None for one in read))
        read.append(weakref.ref(found := load_histogram(path, name)))
        return found

    monkeypatch.setattr(comparisons, "load_histogram", load)
    for address in ("", "/objects"):
        assert client.get(f"/api/v1/comparisons{address}?a=ev-a&b=ev-b&samples=100&seed=77").status_code == 200
    assert len(read) >= 12 and max(most) <= 1


@pytest.mark.usefixtures("pair")
def test_histograms_that_are_gone_are_said_to_be(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "ev-b.npz").unlink()
    answer = client.get("/api/v1/comparisons?a=ev-a&b=ev-b")
    assert answer.status_code == 404 and "histogram file" in answer.json()["detail"]


@pytest.mark.usefixtures("pair")
def test_the_api_answers_while_a_comparison_runs_and_equal_ones_are_computed_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go, calls = threading.Event(), threading.Event(), []

    def slow(a: Evaluated, b: Evaluated, choice: Choice) -> Comparison:
        calls.append(choice)
        started.set()
        assert go.wait(30)
        return compare(a, b, choice)

    monkeypatch.setattr(comparisons, "compare", slow)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(client.get, "/api/v1/comparisons?a=ev-a&b=ev-b&samples=100") for _ in range(3)]
        try:
            assert started.wait(30)
            assert client.get("/api/v1/evaluations/ev-a").status_code == 200
        finally:
            go.set()
        answers = [one.result().json() for one in waiting]
    assert len(calls) == 1 and answers[0] == answers[1] == answers[2]


@pytest.mark.usefixtures("pair")
def test_another_file_under_the_same_id_is_compared_anew(client: TestClient, tmp_path: Path) -> None:
    address = "/api/v1/comparisons?a=ev-a&b=ev-b&samples=100"
    before = client.get(address).json()
    path = tmp_path / "ev-b.npz"
    path.write_bytes((tmp_path / "ev-a.npz").read_bytes())
    after = client.get(address).json()
    assert before["rows"][0]["miou"]["difference"] != 0 == after["rows"][0]["miou"]["difference"]
