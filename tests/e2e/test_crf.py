"""The CRF page in a real browser: frames are stepped through without a request, and are what the service says."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from browsing import open_at, settled, whole_and_accessible
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from typer.testing import CliRunner

from ssenet.cli import app
from ssenet.crf import unavailable
from ssenet.refine.pictures import label_overlay
from ssenet.refine.scrub import unpack_frames

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(unavailable() is not None, reason=unavailable() or ""),
]
FIRST_FRAMES = 180_000


def frames_of(page: Page) -> Locator:
    """The scrubber, once it has drawn its first frame."""
    found = page.locator(".scrub[data-iteration]")
    expect(found).to_be_visible(timeout=FIRST_FRAMES)
    return found


def drawn(found: Locator) -> int:
    """Frames drawn so far."""
    return int(found.get_attribute("data-frames") or 0)


def test_frames_are_stepped_through_without_any_request(page: Page) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: _listen(socket, sent))
    page.on("request", lambda request: sent.append(request.url))
    open_at(page, "/crf")
    found = frames_of(page)
    settled(page)
    page.wait_for_function("document.readyState === 'complete'")
    expect(found).to_have_attribute("data-iteration", "10")
    slider = found.get_by_role("slider", name="Iteration")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    before, pictures = len(sent), drawn(found)
    for step in range(1, 11):
        page.mouse.move(box["x"] + 8 + (10 - step) / 10 * (box["width"] - 16), box["y"] + box["height"] / 2)
        expect(found).to_have_attribute("data-iteration", str(10 - step))
    asked = [one for one in sent[before:] if not _timer(one)]
    assert asked == [] and drawn(found) == pictures + 10
    assert found.get_attribute("data-updates") == "0"
    page.mouse.up()
    page.wait_for_url(re.compile("iteration=0"))
    assert found.get_attribute("data-updates") == "1" and drawn(found) == pictures + 10


def _listen(socket: WebSocket, sent: list[object]) -> None:
    socket.on("framesent", lambda message: sent.append(message))


def _timer(message: object) -> bool:
    """The state of the service in the sidebar is asked for by a timer, whatever people do."""
    said = BackMsg()
    if isinstance(message, bytes):
        said.ParseFromString(message)
    return said.WhichOneof("type") == "app_heartbeat" or said.rerun_script.is_auto_rerun


def test_keys_play_and_the_address(page: Page) -> None:
    open_at(page, "/crf?iteration=2&scales=1")
    found = frames_of(page)
    expect(found).to_have_attribute("data-iteration", "2")
    found.get_by_role("group").press("ArrowRight")
    expect(found).to_have_attribute("data-iteration", "3")
    page.wait_for_url(re.compile("iteration=3"))
    found.get_by_role("slider").press("ArrowLeft")
    found.get_by_role("slider").press("ArrowLeft")
    expect(found).to_have_attribute("data-iteration", "1")
    page.wait_for_url(re.compile("iteration=1"))
    found.get_by_role("button", name="Play the iterations").click()
    expect(found).to_have_attribute("data-iteration", "10", timeout=30_000)
    page.wait_for_url(re.compile("iteration=10"))
    expect(found.get_by_role("button", name="Play the iterations")).to_be_visible()
    address = page.url
    fresh = page.context.new_page()
    open_at(fresh, address.replace("iteration=10", "iteration=4"))
    expect(frames_of(fresh)).to_have_attribute("data-iteration", "4")
    settled(fresh)
    whole_and_accessible(fresh)


@pytest.mark.timeout(300)
def test_what_is_drawn_and_exported_is_what_the_command_makes(page: Page, tmp_path: Path) -> None:
    open_at(page, "/crf?iteration=5&scales=1")
    found = frames_of(page)
    settled(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        archive.extractall(tmp_path)
    made = unpack_frames((tmp_path / "frames.npz").read_bytes())
    assert made.truth is not None and set(made.labels) == {"low", "high", "affinity"}
    photograph, strong = (_pixels(found, panel) for panel in (0, 1))
    expected = label_overlay(photograph, made.labels["low"][5])
    assert np.abs(strong.astype(int) - expected.astype(int)).max() <= 1  # halves are rounded up, not to even
    line = re.search(r"ssenet crf-steps .*", (tmp_path / "README.txt").read_text())
    assert line is not None
    words = [str(tmp_path / w) if w in ("photograph.png", "truth.png", "again") else w for w in shlex.split(line[0])]
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    again = unpack_frames((tmp_path / "again" / "frames.npz").read_bytes())
    for name, labels in made.labels.items():
        # The maps behind both are float16 of sums whose order depends on the number of threads.
        assert (again.labels[name] == labels).mean() > 0.999
    assert again.truth is not None and np.array_equal(again.truth, made.truth)


def _pixels(found: Locator, panel: int) -> NDArray[np.uint8]:
    """(H, W, 3) of a panel's canvas."""
    script = """(root, panel) => {
      const { width, height } = root.querySelectorAll('canvas')[panel];
      const data = root.querySelectorAll('canvas')[panel].getContext('2d').getImageData(0, 0, width, height).data;
      return [height, width, Array.from(data)];
    }"""
    height, width, values = found.evaluate(script, panel)
    return np.array(values, np.uint8).reshape(height, width, 4)[..., :3]


def test_another_photograph_without_a_mask(page: Page) -> None:
    open_at(page, "/crf?background=constant+α&scales=1")
    frames_of(page)
    page.get_by_role("radiogroup", name="Sample photographs").get_by_role("radio").nth(3).click()
    page.wait_for_url(re.compile("image="))
    expect(page.get_by_text("foreground, constant background")).to_be_visible(timeout=FIRST_FRAMES)
    expect(page.get_by_label("Protocol of the CRF's frames")).to_contain_text("no ground truth used")
    settled(page)
    whole_and_accessible(page)
