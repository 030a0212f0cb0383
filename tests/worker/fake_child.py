"""A stand-in for ``ssenet.child`` that speaks its protocol without training: ``fake_child.py MODE RUN.json``.

It lets the tests of claiming, cancelling, draining and leases run in milliseconds, with real processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import fake_steps
from rankings import ranking, ranking_row

from ssenet.config import OUTPUTS, STAGES
from ssenet.data.images import encode_mask_png
from ssenet.histograms import AlphaHistogram, save_histograms
from ssenet.journal import Journal
from ssenet.results import CheckpointCard, EvaluationRecord, ProtocolCard
from ssenet.scores import confusion, record_of
from ssenet.sets import SetManifest
from ssenet.stages import RunSpec, publish_scores

RUN: dict[str, Any] = json.loads(Path(sys.argv[2]).read_text())
FOLDER = Path(RUN["output"])
SUBJECTS: dict[str, Any] = {"pseudo_labels": "pseudo-labels", "evaluate_segmentation": "segmentation"}
IDS = ("a", "b", "c")
PROTOCOL = ProtocolCard(
    dataset="demo", dataset_fingerprint="f", split="val", images=1, label_source="given", scales=(1.0,), flip=False,
    relu_order="fast", alpha_rule="fixed 0.2", weights_sha256="0" * 64, code_version="0",
)  # fmt: skip


def emit(kind: str, **values: Any) -> None:
    """One event on standard output."""
    sys.stdout.write(json.dumps({"type": kind, **values}) + "\n")
    sys.stdout.flush()


def checkpoint(epoch: int, step: int, *, final: bool, tell: Any = emit) -> None:
    """Real weights and a real card."""
    folder = FOLDER / f"epoch-{epoch}"
    folder.mkdir(exist_ok=True)
    save_file({"classifier.weight": np.full((2, 3), step, np.float32)}, folder / "weights.safetensors")
    card = CheckpointCard(
        name=f"fake {epoch} of {FOLDER.name}",
        method={"train_affinity": "affinity", "train_segmentation": "segmentation"}.get(RUN["kind"], "ssenet"),
        backbone="tf_efficientnet_lite0",
        stride=16,
        classes=("cat", "dog"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        epoch=epoch,
        step=step,
        weights_sha256=hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest(),
        code_version="0",
    )
    (folder / "card.json").write_text(card.model_dump_json())
    names = {"weights": f"epoch-{epoch}/weights.safetensors", "card": f"epoch-{epoch}/card.json"}
    tell("checkpoint", epoch=epoch, step=step, final=final, **names)


def train() -> None:
    """Two epochs, two checkpoints."""
    for epoch in (1, 2):
        emit("progress", done=epoch, total=2, unit="steps", message=f"epoch {epoch} of 2")
        emit("metrics", step=epoch, epoch=float(epoch), values={"loss": 1.0 / epoch})
        emit("epoch", epoch=epoch, step=epoch, values={"val_map": 0.5})
        checkpoint(epoch, epoch, final=epoch == 2)
    emit("done")


def evaluate() -> None:
    """One row, one image."""
    truth = np.array([[0, 1], [1, 255]], np.uint8)
    histogram = AlphaHistogram.of_image(truth, np.ones((2, 2), np.int64), np.full((2, 2), 0.5, np.float32), 2)
    record = EvaluationRecord(checkpoint="c", classes=("cat", "dog"), image_ids=("a",), rows=("1",), protocol=PROTOCOL)
    (FOLDER / "evaluation.json").write_text(record.model_dump_json())
    (FOLDER / "histograms.npz").write_bytes(save_histograms({"1": histogram}))
    emit("evaluation", record="evaluation.json", histograms="histograms.npz")
    emit("done")


def make_set(*, stop_after: int | None = None) -> None:
    """One item an image, each written once whichever attempt does it; scores of masks."""
    spec = RunSpec.model_validate(RUN)
    step = spec.step(STAGES[spec.kind].model_validate(spec.settings), "f")
    mask = np.array([[0, 1], [2, 0]], np.uint8)
    writer = spec.writer(".png" if spec.kind in SUBJECTS else ".npz", step)
    missing = writer.missing(IDS)
    for done, image_id in enumerate(missing, 1 + len(IDS) - len(missing)):
        writer.put(image_id, encode_mask_png(mask))
        emit("progress", done=done, total=len(IDS), unit="images", message=image_id)
        if done == stop_after:
            wait()
    manifest = SetManifest.model_validate(
        {"kind": OUTPUTS[spec.kind], "key": step.key, "dataset": "demo", "dataset_fingerprint": "f", "split": "train",
         "image_ids": IDS, "classes": ("cat", "dog"), "lineage": spec.lineage(step),
         "subject": SUBJECTS.get(spec.kind, ""), "code_version": "0"}
    )  # fmt: skip
    writer.close(manifest)
    emit("set", folder="result")
    if spec.kind in SUBJECTS:
        matrices = dict.fromkeys(IDS, confusion(mask, mask, 2))
        record = record_of(SUBJECTS[spec.kind], ("cat", "dog"), matrices, PROTOCOL, spec.lineage(step))
        publish_scores(spec, record, matrices, emit)
    emit("done")


def measure(*, stop_after: int | None = None) -> None:
    """Rows of three photographs, each measured once whichever attempt does it; the note tells by which."""
    spec = RunSpec.model_validate(RUN)
    step = spec.step(STAGES[spec.kind].model_validate(spec.settings), "f")
    journal = Journal(FOLDER, step.key, spec.resume_from)
    missing = [image_id for image_id in IDS if image_id not in journal.results]
    for done, image_id in enumerate(missing, 1 + len(IDS) - len(missing)):
        journal.add(image_id, f"{image_id} by {FOLDER.name}")
        emit("progress", done=done, total=len(IDS), unit="images", message=image_id)
        if done == stop_after:
            wait()
    rows = [ranking_row(index, journal.results[image_id]) for index, image_id in enumerate(IDS)]
    made = ranking(rows, classes=("cat", "dog"), lineage=(step,))
    (FOLDER / "ranking.json").write_text(made.model_dump_json())
    emit("ranking", record="ranking.json")
    emit("done")


def work() -> None:
    """What the run's kind makes."""
    if RUN["kind"] == "evaluate":
        evaluate()
    elif RUN["kind"] == "triage":
        measure()
    elif RUN["kind"].startswith("train"):
        train()
    else:
        make_set()


def poisoned(victim: int) -> None:
    """A job with the unlucky seed kills a process each time; the others work."""
    if RUN["settings"].get("seed") == 13:
        os.kill(victim, signal.SIGKILL)
    work()


def wait(*, stubborn: bool = False) -> None:
    """Work without end; on SIGTERM save a state and leave, unless ``stubborn``."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: stopping.append(1))
    emit("progress", done=0, total=10, unit="steps", message="waiting")
    while not stopping:
        time.sleep(0.02)
    fake_steps.save(FOLDER, 5)
    emit("state", step=5)
    sys.exit(75)


def main() -> None:
    """Behave as the mode says."""
    mode = sys.argv[1]
    again, resumed = FOLDER.name != "attempt-1", RUN["resume_from"] is not None
    if mode == "work":
        work()
    elif mode.startswith("steps:"):
        if RUN["kind"] == "train_cam":
            seconds, epochs = float(mode.removeprefix("steps:")), RUN["settings"]["epochs"]
            fake_steps.train(FOLDER, RUN["resume_from"], emit, checkpoint, seconds=seconds, steps=epochs, per_epoch=1)
        else:
            work()
    elif mode.startswith("hang:"):
        hang = measure if RUN["kind"] == "triage" else make_set
        hang(stop_after=1) if RUN["kind"] == mode.removeprefix("hang:") and not resumed else work()
    elif mode == "mute":
        emit("done")
    elif mode == "wait":
        train() if resumed else wait()
    elif mode.startswith("steps"):
        if RUN["kind"] == "train_cam":
            seconds = 0.1 if mode == "steps" else 0.0
            fake_steps.train(FOLDER, RUN["resume_from"], emit, checkpoint, seconds=seconds)
        else:
            work()
    elif mode == "stubborn":
        wait(stubborn=True)
    elif mode == "crash" or (mode == "crash-once" and not again):
        emit("progress", done=1, total=2, unit="steps", message="about to crash")
        sys.stderr.write("ValueError: the reason of the crash\n")
        sys.exit(1)
    elif mode == "crash-once":
        train()
    elif mode == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    elif mode.startswith("poisoned:"):
        poisoned({"trainer": os.getpid(), "pool child": os.getppid()}[mode.partition(":")[2]])
    elif mode == "refuse":
        emit("error", message="The data set has no split named 'val'. Choose another.")
        sys.exit(2)
    elif mode == "lie":
        emit("checkpoint", epoch=1, step=1, final=True, weights="../../../etc/passwd", card="none.json")
        wait()
    elif mode == "parent":
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (FOLDER / "grandchild").write_text(str(sleeper.pid))
        wait()


if __name__ == "__main__":
    main()
