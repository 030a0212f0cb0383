"""A run is a function of its settings: repeatable, resumable bit by bit, and honest about what it saved."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_training import Recorder, tiny_settings, weights_at

from ssenet.data.augment import Augment, generator
from ssenet.errors import CheckpointError, DatasetError, SettingsError
from ssenet.evaluate import mean_average_precision
from ssenet.events import Stopped
from ssenet.inference import load_network
from ssenet.results import CheckpointCard, View
from ssenet.training.cam import cam_training
from ssenet.training.loop import Plan
from ssenet.training.schedule import poly
from ssenet.training.state import newest_state


@pytest.fixture(scope="module")
def uninterrupted(tiny_dataset, tmp_path_factory):
    """A whole run: its folder and events."""
    folder, recorder = tmp_path_factory.mktemp("whole"), Recorder()
    cam_training(tiny_settings(), tiny_dataset, folder, recorder).run()
    return folder, recorder


@pytest.mark.parametrize("stop_after", [1, 2, 4, 5])
def test_resuming_is_bit_equal(uninterrupted, tiny_dataset, tmp_path, stop_after) -> None:
    folder, _ = uninterrupted
    recorder = Recorder()
    trainer = cam_training(
        tiny_settings(), tiny_dataset, tmp_path / "a", recorder, stop=lambda: len(recorder.of("metrics")) >= stop_after
    )
    with pytest.raises(Stopped):
        trainer.run()
    resumed = cam_training(tiny_settings(), tiny_dataset, tmp_path / "b", recorder, resume_from=tmp_path / "a")
    assert resumed.step == stop_after
    resumed.run()
    assert weights_at(tmp_path / "b", 2) == weights_at(folder, 2)
    assert [m["step"] for m in recorder.of("metrics")] == [1, 2, 3, 4, 5, 6]


def test_the_same_folder_goes_on(tiny_dataset, tmp_path) -> None:
    recorder = Recorder()
    one = cam_training(tiny_settings(), tiny_dataset, tmp_path, recorder, stop=lambda: len(recorder.events) > 0)
    with pytest.raises(Stopped):
        one.run()
    assert cam_training(tiny_settings(), tiny_dataset, tmp_path, recorder).step == 1
    assert cam_training(tiny_settings(seed=5), tiny_dataset, tmp_path, recorder).step == 0


def test_a_folder_with_checkpoints_of_other_settings_is_refused(uninterrupted, tiny_dataset) -> None:
    folder, _ = uninterrupted
    with pytest.raises(SettingsError, match="other settings, data or inputs"):
        cam_training(tiny_settings(epochs=1), tiny_dataset, folder, Recorder())
    assert cam_training(tiny_settings(workers=1), tiny_dataset, folder, Recorder()).step == 6


def test_stopping_while_validating_validates_again_and_trains_nothing_twice(
    uninterrupted, tiny_dataset, tmp_path
) -> None:
    recorder = Recorder()
    validating = lambda: any("validating" in e["message"] for e in recorder.of("progress"))  # noqa: E731
    with pytest.raises(Stopped):
        cam_training(tiny_settings(), tiny_dataset, tmp_path / "a", recorder, stop=validating).run()
    assert not recorder.of("checkpoint")
    resumed = cam_training(tiny_settings(), tiny_dataset, tmp_path / "b", recorder, resume_from=tmp_path / "a")
    assert (resumed.step, resumed.pending) == (3, True)
    resumed.run()
    assert [c["epoch"] for c in recorder.of("checkpoint")] == [1, 2]
    assert [m["step"] for m in recorder.of("metrics")] == [1, 2, 3, 4, 5, 6]
    assert weights_at(tmp_path / "b", 2) == weights_at(uninterrupted[0], 2)


class _WithoutMasks:
    """A data set whose validation split has labels only."""

    def __init__(self, inner) -> None:
        self._inner = inner
        self.masked_splits = ("train",)

    def __getattr__(self, name: str):
        return getattr(self._inner, name)

    def sample(self, split: str, index: int, *, epoch: int = 0, with_mask: bool = True):
        sample = self._inner.sample(split, index, epoch=epoch, with_mask=with_mask)
        return sample if split == "train" else replace(sample, mask=None)


def test_a_validation_split_without_masks_gets_map_alone(tiny_dataset, tmp_path) -> None:
    card = cam_training(tiny_settings(epochs=1), _WithoutMasks(tiny_dataset), tmp_path, Recorder()).run()
    assert set(card.metrics) <= {"val_map"}


def test_average_precision_by_hand_and_undefined_without_positives() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]], np.float32)
    labels = np.array([[1, 0], [0, 0], [1, 0]], np.float32)
    assert mean_average_precision(scores, labels) == pytest.approx((1 + 2 / 3) / 2)
    assert mean_average_precision(scores, np.zeros((3, 2), np.float32)) is None


def test_events_tell_the_whole_story(uninterrupted) -> None:
    folder, recorder = uninterrupted
    metrics = recorder.of("metrics")
    assert set(metrics[0]["values"]) == {"loss", "cls_large", "cls_small", "ser", "lr"}
    assert [round(m["values"]["lr"] / metrics[0]["values"]["lr"], 6) for m in metrics] == [
        round(poly(step, 6, 0.9), 6) for step in range(6)
    ]
    checkpoints = recorder.of("checkpoint")
    assert [(c["epoch"], c["step"], c["final"]) for c in checkpoints] == [(1, 3, False), (2, 6, True)]
    assert {"val_map", "val_miou", "val_alpha"} <= set(recorder.of("epoch")[0]["values"])
    assert json.dumps(recorder.events)
    assert recorder.of("progress")[-1]["done"] == recorder.of("progress")[-1]["total"] == 6
    assert all((folder / c["weights"]).is_file() for c in checkpoints)


def test_a_published_checkpoint_loads_and_its_card_says_how_it_was_measured(uninterrupted, tiny_dataset) -> None:
    folder, _ = uninterrupted
    card = CheckpointCard.model_validate_json((folder / "epoch-0002" / "card.json").read_bytes())
    assert card.settings == tiny_settings()
    assert card.dataset_fingerprint == tiny_dataset.fingerprint
    assert card.metrics_protocol.images == 2
    assert card.metrics_protocol.uses_ground_truth
    network = load_network(folder / "epoch-0002" / "weights.safetensors", card)
    logits = network.coarse_logits(np.zeros((50, 70, 3), np.uint8), [View(scale=1.0), View(scale=1.0, flip=True)])
    assert {m.shape for m in logits.values()} == {(10, 3, 4)}


def test_a_flipped_byte_in_the_newest_state_falls_back_to_the_one_before(uninterrupted, tiny_dataset, tmp_path) -> None:
    recorder = Recorder()
    trainer = cam_training(
        tiny_settings(), tiny_dataset, tmp_path, recorder, stop=lambda: len(recorder.of("metrics")) >= 2
    )
    with pytest.raises(Stopped):
        trainer.run()
    newest = newest_state(tmp_path / "states", trainer.task.key)
    assert newest.step == 2
    damaged = bytearray(newest.path.read_bytes())
    damaged[-1] ^= 1
    newest.path.write_bytes(bytes(damaged))
    resumed = cam_training(tiny_settings(), tiny_dataset, tmp_path, recorder)
    assert resumed.step == 1
    resumed.run()
    assert weights_at(tmp_path, 2) == weights_at(uninterrupted[0], 2)


def test_damaged_weights_are_refused(uninterrupted, tmp_path) -> None:
    folder, _ = uninterrupted
    card = CheckpointCard.model_validate_json((folder / "epoch-0001" / "card.json").read_bytes())
    data = bytearray(weights_at(folder, 1))
    data[-1] ^= 1
    (tmp_path / "weights.safetensors").write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="hash differs"):
        load_network(tmp_path / "weights.safetensors", card)


def test_weights_of_another_network_are_refused_by_name(uninterrupted) -> None:
    folder, _ = uninterrupted
    card = CheckpointCard.model_validate_json((folder / "epoch-0001" / "card.json").read_bytes())
    other = card.model_copy(update={"backbone": "resnet18"})
    with pytest.raises(CheckpointError, match=r"do not fit resnet18 with 10 classes: \d+ tensors missing"):
        load_network(folder / "epoch-0001" / "weights.safetensors", other)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "baseline"},
        {"ser_form": "paper", "eta": 0.01},
        {"equivariance": "flip"},
        {"equivariance": "rotate"},
        {"optimiser": "sgd", "lr": 0.01, "batch_norm": "frozen", "frozen_stages": 2},
        {"batch_norm": "large"},
    ],
    ids=lambda c: "-".join(map(str, c.values())),
)
def test_every_way_to_train_runs(tiny_dataset, tmp_path, changes) -> None:
    recorder = Recorder()
    card = cam_training(tiny_settings(epochs=1, **changes), tiny_dataset, tmp_path, recorder).run()
    assert np.isfinite(recorder.of("metrics")[-1]["values"]["loss"])
    assert card.epoch == 1


def test_frozen_stages_and_statistics_do_not_move(tiny_dataset, tmp_path) -> None:
    settings = tiny_settings(epochs=1, batch_norm="frozen", frozen_stages=2)
    trainer = cam_training(settings, tiny_dataset, tmp_path, Recorder())
    before = {k: v.clone() for k, v in trainer.task.network.state_dict().items()}
    trainer.run()
    after = trainer.task.network.state_dict()
    moved = {k for k in before if not bool((before[k] == after[k]).all())}
    assert "classifier.weight" in moved
    assert not [k for k in moved if "running" in k or "conv_stem" in k or ".blocks.0." in k]


def test_a_loss_that_is_no_number_says_what_to_change(tiny_dataset, tmp_path) -> None:
    trainer = cam_training(tiny_settings(lr=1e-3), tiny_dataset, tmp_path, Recorder())
    trainer.task.network.classifier.weight.data.fill_(float("nan"))
    with pytest.raises(SettingsError, match="Lower the learning rate"):
        trainer.run()


def test_an_unknown_split_lists_the_known_ones(tiny_dataset, tmp_path) -> None:
    with pytest.raises(DatasetError, match="no split 'test'; it has: train, val"):
        cam_training(tiny_settings(split="test"), tiny_dataset, tmp_path, Recorder())


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own() -> None:
    plan = Plan(images=10, batch=5, epochs=2, seed=3)
    first, second = plan.indices(0, 0), plan.indices(1, 0)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert plan.indices(0, 1) == first[5:]
    assert Plan(images=7, batch=3, epochs=1, seed=0).steps == 2


def test_augmentation_depends_on_seed_epoch_and_index_alone() -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    augment = Augment(64, 48, 128, 0.3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    one, same, other = (augment(image, generator(1, 2, i)) for i in (3, 3, 4))
    assert one.shape == (3, 64, 64)
    assert bool((one == same).all())
    assert not bool((one == other).all())
