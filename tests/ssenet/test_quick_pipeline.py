"""The demo pipeline in one line, as the README says it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ssenet.cli.runs import cam_miou, scores

TEN_MINUTES = 600


@pytest.mark.slow
@pytest.mark.timeout(TEN_MINUTES + 60)
def test_one_line_goes_from_photographs_to_a_segmentation_in_ten_minutes(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("ssenet")), "pipeline", "--checkpoint", "demo-ssenet"]
    shown = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=TEN_MINUTES)
    assert shown.returncode == 0, shown.stderr
    assert len(re.findall(r"│ (?:CAM|pseudo-labels|segmentation) +│ +\d+\.\d ", shown.stdout)) == 3, shown.stdout
    cam = cam_miou(next(tmp_path.glob("evaluate/*")))[0]
    labels, segmentation = (
        scores(next(tmp_path.glob(f"{stage}/*"))) for stage in ("pseudo_labels", "evaluate_segmentation")
    )
    print(f"CAM {cam:.1f} %, pseudo-labels {labels.miou:.1f} %, segmentation {segmentation.miou:.1f} %")  # noqa: T201
    assert labels.protocol.images == 96
    # The paper's order: the random walk improves on the CAM. Chance would give 1/11 of the background's share.
    assert labels.miou > cam + 3
    assert segmentation.miou > 20
