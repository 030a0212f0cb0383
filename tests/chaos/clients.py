"""People who submit and cancel jobs over HTTP, whatever the state of the service: they ask until they are answered."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx
from history import History

_PATIENCE_SECONDS = 0.3
AGAIN = (429, 503)
"""Answers that mean: ask again later."""


class Clients(threading.Thread):
    """Submits jobs one after the other, each under a key of its own and until it is accepted; and cancels some.

    Args:
        address: of the API, with its prefix.
        history: told of every answer.
        seed: part of the keys.
        settings: more of every training.
    """

    def __init__(self, address: str, history: History, seed: int, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(name="clients", daemon=True)
        self.accepted: dict[str, str] = {}
        self.unexpected: list[str] = []
        self._address, self._history, self._seed = address, history, seed
        self._settings = dict(settings or {})
        self._wishes: queue.Queue[Callable[[httpx.Client], bool] | None] = queue.Queue()
        self._submitted = 0
        self._over = threading.Event()

    def submit(self, epochs: int) -> None:
        """Ask for a training of so many epochs; returns at once."""
        self._submitted += 1
        key = self._key(self._submitted)
        body = {"kind": "train_cam", "settings": {**self._settings, "epochs": epochs}, "name": key}
        self._wishes.put(lambda http: self._submit(http, key, body))

    def cancel(self, job_id: str) -> None:
        """Ask for a job to be cancelled; returns at once."""
        self._wishes.put(lambda http: self._cancel(http, job_id))

    @property
    def answered(self) -> bool:
        """Whether everybody was."""
        return self._wishes.unfinished_tasks == 0

    @property
    def unanswered(self) -> set[str]:
        """Keys that were asked for and not accepted."""
        return {self._key(number) for number in range(1, self._submitted + 1)} - set(self.accepted)

    def _key(self, number: int) -> str:
        return f"chaos-{self._seed}-{number}"

    def give_up(self) -> None:
        """End, whoever still waits."""
        self._over.set()
        self._wishes.put(None)
        self.join(timeout=30)

    def run(self) -> None:
        """The thread: each wish again and again until it is answered."""
        with httpx.Client(base_url=self._address, timeout=15, trust_env=False) as http:
            while (wish := self._wishes.get()) is not None:
                answered = False
                while not answered and not self._over.is_set():
                    with suppress(httpx.HTTPError):
                        answered = wish(http)
                    if not answered:
                        self._over.wait(_PATIENCE_SECONDS)
                self._wishes.task_done()

    def _submit(self, http: httpx.Client, key: str, body: dict[str, Any]) -> bool:
        answer = http.post("/jobs", json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 202:
            self.accepted[key] = answer.json()["id"]
        self._history.note("submitted", key=key, status=answer.status_code, job=self.accepted.get(key))
        return self._expected(answer, 202)

    def _cancel(self, http: httpx.Client, job_id: str) -> bool:
        answer = http.post(f"/jobs/{job_id}/cancel")
        self._history.note("cancelled", job=job_id, status=answer.status_code)
        return self._expected(answer, 202, 409)

    def _expected(self, answer: httpx.Response, *good: int) -> bool:
        """Whether there is no need to ask again; a problem other than "later" is kept for the test to see."""
        if answer.status_code not in (*good, *AGAIN):
            self.unexpected.append(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
        return answer.status_code not in AGAIN
