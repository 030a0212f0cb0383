"""Writing a data set as a VOC folder, and reading it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.data.export import write_voc
from ssenet.data.images import voc_palette
from ssenet.errors import DatasetError


def test_the_demo_set_round_trips(tmp_path: Path) -> None:
    data = open_dataset(DatasetSpec(name="demo", kind="demo", train_images=4, val_images=3))
    steps: list[tuple[int, int]] = []
    write_voc(data, tmp_path / "out", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(i, 7) for i in range(1, 8)]
    back = open_dataset(DatasetSpec(name="back", kind="voc", path=str(tmp_path / "out")))
    assert back.classes == data.classes
    assert back.splits == data.splits
    assert back.check() == []
    for split in data.splits:
        assert back.ids(split) == data.ids(split)
        for i in range(data.splits[split]):
            one, other = data.sample(split, i), back.sample(split, i)
            np.testing.assert_array_equal(other.mask, one.mask)
            np.testing.assert_array_equal(other.labels, one.labels)
            assert other.image.shape == one.image.shape
            assert np.abs(other.image.astype(int) - one.image).mean() < 5
    with Image.open(tmp_path / "out/SegmentationClass/val_00000.png") as mask:
        assert mask.mode == "P"
        assert mask.getpalette("RGB")[:63] == voc_palette()[:21].ravel().tolist()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DatasetError, match="not empty"):
        write_voc(open_dataset(DatasetSpec(name="demo", kind="demo")), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_images_without_masks_and_shared_ids_are_refused(csv_folder: Any, tmp_path: Path) -> None:
    data = csv_folder.open("image,labels\nphotos/a.png,x\n")
    with pytest.raises(DatasetError, match="has no mask"):
        write_voc(data, tmp_path / "one")
    data = csv_folder.open("image,labels,split\nphotos/a.png,x,train\nphotos/a.png,x,val\n")
    with pytest.raises(DatasetError, match="share an image id"):
        write_voc(data, tmp_path / "two")


def test_one_split_may_be_chosen(tmp_path: Path) -> None:
    data = open_dataset(DatasetSpec(name="demo", kind="demo", train_images=4, val_images=2))
    write_voc(data, tmp_path / "out", splits=["val"])
    assert open_dataset(DatasetSpec(name="back", kind="voc", path=str(tmp_path / "out"))).splits == {"val": 2}
