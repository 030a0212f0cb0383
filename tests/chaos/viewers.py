"""People who look at maps: some the same, some new, whatever the state of the service."""

from __future__ import annotations

import random
import threading
from collections import Counter

import httpx

CHECKPOINTS = ("demo-ssenet", "demo-baseline")
FAIR = frozenset({200, 202, 429, 503})
"""Answers that an overloaded or wounded service may give."""


class Viewers(threading.Thread):
    """Asks for maps of sample photographs, one request after the other.

    Args:
        address: of the API, with its prefix.
        seed: of what is asked for.
        every: seconds between two requests.
    """

    def __init__(self, address: str, seed: int, every: float = 0.5) -> None:
        super().__init__(name="viewers", daemon=True)
        self.answers: Counter[str] = Counter()
        self.unfair: list[str] = []
        self._address, self._every, self._random = address, every, random.Random(seed)
        self._over = threading.Event()

    def run(self) -> None:
        """The thread."""
        with httpx.Client(base_url=self._address, timeout=30, trust_env=False) as http:
            images = [image["id"] for image in http.get("/images?source=gallery&limit=50").json()["items"]]
            while not self._over.wait(self._every):
                try:
                    self._judge(self._ask(http, self._random.choice(images)))
                except httpx.HTTPError:
                    self.answers["nobody answered"] += 1

    def _ask(self, http: httpx.Client, image: str) -> httpx.Response:
        query = {"image": image, "scales": self._random.choice((0.5, 0.75, 1.0)), "wait": 5}
        query |= {"shift_x": round(self._random.uniform(-0.5, 0.5), 2)} if self._random.random() < 0.5 else {}
        path = f"/checkpoints/{self._random.choice(CHECKPOINTS)}/cams"
        return http.get(path, params=query, headers={"Accept": "application/x-npz"})

    def _judge(self, answer: httpx.Response) -> None:
        self.answers[str(answer.status_code)] += 1
        later = answer.status_code in (429, 503) and "retry-after" not in answer.headers
        if answer.status_code not in FAIR or later:
            self.unfair.append(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")

    def stop(self) -> None:
        """End, after the request that is under way."""
        self._over.set()
        self.join(timeout=60)
