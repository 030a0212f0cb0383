"""Pseudo-labels as a VOC folder that opens again."""

import numpy as np
import pytest
from tiny_sets import tiny_set
from tiny_training import SPEC

from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.errors import DatasetError
from ssenet.refine.export import write_voc_labels
from ssenet.sets import SetWriter


def test_labels_open_as_a_data_set(sets, small, tmp_path) -> None:
    masks, source = sets["masks"], open_dataset(small)
    steps: list[tuple[int, int]] = []
    write_voc_labels(masks, source, tmp_path / "voc", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    back = open_dataset(DatasetSpec(name="back", kind="voc", path=str(tmp_path / "voc")))
    assert back.check() == []
    assert (back.splits, back.classes) == ({"train": 3}, source.classes)
    assert tuple(back.ids("train")) == masks.ids
    for index, image_id in enumerate(masks.ids):
        sample = back.sample("train", index)
        assert np.array_equal(sample.mask, masks.mask(image_id))
        assert np.abs(sample.image.astype(int) - source.sample("train", index).image).mean() < 6


def test_only_masks_of_the_same_data_set_are_exported(sets, small, tmp_path) -> None:
    with pytest.raises(DatasetError, match="only masks"):
        write_voc_labels(sets["walk"], open_dataset(small), tmp_path / "voc")
    with pytest.raises(DatasetError, match="another one"):
        write_voc_labels(sets["masks"], open_dataset(SPEC), tmp_path / "voc")
    assert not (tmp_path / "voc").exists()


def test_a_missing_item_leaves_no_folder_that_opens(small, tmp_path) -> None:
    masks = tiny_set(tmp_path / "set", "masks", 2, spec=small)
    SetWriter(masks.folder, ".png", masks.manifest.key).path(masks.ids[1]).unlink()
    with pytest.raises(DatasetError, match=r"cannot be read|damaged"):
        write_voc_labels(masks, open_dataset(small), tmp_path / "voc")
    with pytest.raises(DatasetError):
        open_dataset(DatasetSpec(name="back", kind="voc", path=str(tmp_path / "voc")))
