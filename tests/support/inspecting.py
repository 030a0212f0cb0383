"""What browser tests of the Inspect page share: its maps, its samples, and what its tab says to the server."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from ssenet.weights.builtin import DEMO, builtin_checkpoints

BUILT_IN = [b.card.name for b in builtin_checkpoints() if b.id in DEMO]
BASELINE, SSENET = BUILT_IN
COLUMNS = ("scale 0.5", "scale 1", "scale 1.5", "scale 2", "multi-scale")
FIRST_MAPS = 90_000


def map_of(page: Page, checkpoint: str, column: str) -> Locator:
    """One map of the strip; its name says when it is still being computed."""
    return page.get_by_role("img", name=re.compile(f"^{re.escape(checkpoint)}: activation of .* at {column}$"))


def all_maps(page: Page) -> None:
    """Wait for every map of the built-in networks."""
    for checkpoint in BUILT_IN:
        for column in COLUMNS:
            expect(map_of(page, checkpoint, column)).to_be_visible(timeout=FIRST_MAPS)


def known_sample(page: Page, class_name: str) -> Locator:
    """A sample with ground truth in the row of thumbnails."""
    group = page.get_by_role("radiogroup", name="Images with ground truth")
    return group.get_by_role("radio", name=re.compile(f": {class_name}$")).first


def answer(page: Page) -> Locator:
    """The sentence above the canvas."""
    return page.locator(".sl-answer")


class Messages:
    """What a tab sends to the server, timers aside; make it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.sent: list[BackMsg] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda data: self._keep(data))

    def _keep(self, data: str | bytes) -> None:
        said = BackMsg()
        said.ParseFromString(data if isinstance(data, bytes) else data.encode())
        if not said.rerun_script.is_auto_rerun:
            self.sent.append(said)
