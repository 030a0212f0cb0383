"""VOC folders: what is read, and what is refused."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.data.images import encode_mask_png
from ssenet.data.voc import VOC_CLASSES
from ssenet.errors import DatasetError


def test_reads_images_masks_and_labels_from_masks(voc: Any, masks: Any) -> None:
    data = voc.open()
    assert data.classes == ("cat", "dog")
    assert data.splits == {"train": 2, "val": 1}
    assert data.ids("train") == ["a", "b c"]
    sample = data.sample("train", 1)
    np.testing.assert_array_equal(sample.mask, masks(2, 255))
    np.testing.assert_array_equal(sample.labels, [0, 1])
    assert sample.image.shape == (24, 32, 3)
    assert data.has_masks
    assert data.label_source == "labels from masks; masks: SegmentationClass"
    assert data.check() == []


def test_mask_is_left_out_when_not_asked_for(voc: Any) -> None:
    sample = voc.open().sample("val", 0, with_mask=False)
    assert sample.mask is None
    np.testing.assert_array_equal(sample.labels, [1, 1])


def test_labels_alone_need_no_image(voc: Any) -> None:
    data = voc.open()
    np.testing.assert_array_equal(data.labels("train", 1), [0, 1])
    (voc.root / "JPEGImages/d.jpg").write_bytes(b"no image")
    np.testing.assert_array_equal(data.labels("val", 0), [1, 1])
    with pytest.raises(DatasetError, match="images 0 to 0"):
        data.labels("val", 1)


def test_every_epoch_is_the_same(voc: Any) -> None:
    data = voc.open()
    np.testing.assert_array_equal(data.sample("val", 0).image, data.sample("val", 0, epoch=3).image)


def test_gray_masks_read_like_palette_masks(voc: Any, masks: Any) -> None:
    Image.fromarray(masks(1, 2)).save(voc.root / "SegmentationClass/d.png")
    np.testing.assert_array_equal(voc.open().sample("val", 0).mask, masks(1, 2))


def test_released_lists_with_two_paths(voc: Any) -> None:
    voc.add("e", 2, folder="SegmentationClassAug")
    voc.split("train_aug", ["/JPEGImages/e.jpg /SegmentationClassAug/e.png"])
    data = voc.open()
    assert data.ids("train_aug") == ["e"]
    np.testing.assert_array_equal(data.sample("train_aug", 0).labels, [0, 1])
    assert "train_aug SegmentationClassAug" in data.label_source
    assert any("train_aug" in problem and "SBD" in problem for problem in data.check())


def test_ids_whose_masks_are_only_augmented_use_that_folder(voc: Any) -> None:
    voc.add("e", 2, folder="SegmentationClassAug")
    voc.add("a", 2, folder="SegmentationClassAug")
    voc.split("train_aug", ["a", "e"])
    data = voc.open()
    np.testing.assert_array_equal(data.sample("train_aug", 0).labels, [0, 1])
    np.testing.assert_array_equal(data.sample("train", 0).labels, [1, 0])


def test_classes_given_or_those_of_voc(voc: Any) -> None:
    assert voc.open(classes=("x", "y")).classes == ("x", "y")
    (voc.root / "classes.txt").unlink()
    data = voc.open()
    assert data.classes == VOC_CLASSES
    assert len(data.classes) == 20
    assert data.sample("val", 0).labels.sum() == 2


def test_labels_from_xml(voc: Any) -> None:
    (voc.root / "Annotations").mkdir()
    for name in ("a", "b c", "d"):
        text = "<annotation><object><name>dog</name><part><name>head</name></part></object></annotation>"
        (voc.root / "Annotations" / f"{name}.xml").write_text(text)
    data = voc.open(labels="xml")
    np.testing.assert_array_equal(data.sample("train", 0).labels, [0, 1])
    assert data.sample("train", 0).mask is not None
    assert data.label_source.startswith("labels from Annotations XML")
    (voc.root / "Annotations/d.xml").write_text("<annotation><object><name>cow</name></object></annotation>")
    with pytest.raises(DatasetError, match=r"d\.xml.*unknown class 'cow'"):
        voc.open(labels="xml")
    (voc.root / "Annotations/d.xml").write_text("<annotation>")
    with pytest.raises(DatasetError, match="not a VOC annotation"):
        voc.open(labels="xml")


def test_labels_from_csv_need_no_masks(voc: Any) -> None:
    (voc.root / "labels.csv").write_text("image,labels\na,cat;dog\nb c,\nd,dog\n")
    (voc.root / "SegmentationClass/a.png").unlink()
    data = voc.open(labels="csv")
    np.testing.assert_array_equal(data.sample("train", 0).labels, [1, 1])
    assert data.sample("train", 0).mask is None
    assert data.masked_splits == ("val",)
    (voc.root / "labels.csv").write_text("image,labels\na,cat\n")
    with pytest.raises(DatasetError, match="no line for image b c"):
        voc.open(labels="csv")
    (voc.root / "labels.csv").write_text("image,labels\na,cat\na,cat\n")
    with pytest.raises(DatasetError, match="line 3: a has labels already"):
        voc.open(labels="csv")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a", "nowhere"], r"train\.txt line 2: there is no image nowhere"),
        (["a", "d", "a"], r"train\.txt line 3: a is already in line 1"),
        (["", " "], r"train\.txt is empty"),
        (["/JPEGImages/a.jpg /SegmentationClass/gone.png"], r"train\.txt line 1: there is no file"),
        (["../secret/x.jpg"], r"train\.txt line 1: .* outside the folder"),
    ],
)
def test_lists_that_are_wrong_name_the_line(voc: Any, lines: list[str], message: str) -> None:
    voc.split("train", lines)
    with pytest.raises(DatasetError, match=message):
        voc.open()


def test_a_link_out_of_the_folder_is_refused(voc: Any, tmp_path: Any) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "outside.jpg")
    (voc.root / "JPEGImages/link.jpg").symlink_to(tmp_path / "outside.jpg")
    voc.split("train", ["JPEGImages/link.jpg"])
    with pytest.raises(DatasetError, match="outside the folder"):
        voc.open()


def test_missing_folders_lists_and_masks(voc: Any, tmp_path: Any) -> None:
    with pytest.raises(DatasetError, match="not a VOC folder: JPEGImages is missing"):
        open_dataset(DatasetSpec(name="gone", kind="voc", path=str(tmp_path / "gone")))
    (voc.root / "SegmentationClass/a.png").unlink()
    with pytest.raises(DatasetError, match="Split train: 1 of 2 images have no mask, a first"):
        voc.open()
    for path in (voc.root / "ImageSets/Segmentation").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="has no lists"):
        voc.open()


def _test_list(voc: Any) -> None:
    """Like VOC's own test.txt: images without masks or annotations."""
    for name in ("t1", "t2"):
        Image.new("RGB", (32, 24)).save(voc.root / f"JPEGImages/{name}.jpg")
    voc.split("test", ["t1", "t2"])


def test_a_split_without_labels_is_left_out_and_told_of(voc: Any) -> None:
    before = voc.open().fingerprint
    _test_list(voc)
    data = voc.open()
    assert data.splits == {"train": 2, "val": 1}
    assert data.masked_splits == ("train", "val")
    assert data.label_source == "labels from masks; masks: SegmentationClass; without labels, left out: test"
    assert len(data.check()) == 1
    assert "Split test is left out: none of its 2 images has labels" in data.check()[0]
    assert data.fingerprint == before
    assert data.unlabelled == {"test": 2}
    assert data.ids("test") == ["t1", "t2"]
    sample = data.sample("test", 1)
    assert (sample.id, sample.labels.sum(), sample.mask) == ("t2", 0, None)
    with pytest.raises(DatasetError, match="Split test is left out"):
        data.labels("test", 0)


def test_a_split_without_labels_is_left_out_whatever_labels_come_from(voc: Any) -> None:
    _test_list(voc)
    (voc.root / "labels.csv").write_text("image,labels\na,cat\nb c,\nd,dog\n")
    (voc.root / "Annotations").mkdir()
    for name in ("a", "b c", "d"):
        (voc.root / "Annotations" / f"{name}.xml").write_text("<annotation/>")
    for labels in ("csv", "xml"):
        assert voc.open(labels=labels).splits == {"train": 2, "val": 1}
    (voc.root / "labels.csv").write_text("image,labels\na,cat\nb c,\nd,dog\nt1,cat\n")
    with pytest.raises(DatasetError, match="no line for image t2"):
        voc.open(labels="csv")
    (voc.root / "Annotations/t2.xml").write_text("<annotation/>")
    with pytest.raises(DatasetError, match=r"no annotation .*t1\.xml"):
        voc.open(labels="xml")


def test_a_split_with_some_masks_names_the_one_that_is_missing(voc: Any) -> None:
    _test_list(voc)
    voc.add("t1", 1)
    with pytest.raises(DatasetError, match=r"Split test: 1 of 2 .*SegmentationClass/t2\.png"):
        voc.open()


def test_a_folder_without_any_label_is_refused(voc: Any) -> None:
    for path in (voc.root / "SegmentationClass").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="Split train: 2 of 2 images have no mask"):
        voc.open()


def test_splits_and_indices_that_do_not_exist(voc: Any) -> None:
    data = voc.open()
    with pytest.raises(DatasetError, match=r"no split 'test'; it has: train, val"):
        data.ids("test")
    with pytest.raises(DatasetError, match="no split 'test'"):
        data.sample("test", 0)
    for index in (-1, 2):
        with pytest.raises(DatasetError, match="images 0 to 1, not"):
            data.sample("train", index)


def _spoil(voc: Any, what: str) -> None:
    target = voc.root / "SegmentationClass/d.png"
    if what == "size":
        target.write_bytes(encode_mask_png(np.zeros((32, 24), np.uint8)))
    elif what == "label":
        target.write_bytes(encode_mask_png(np.full((24, 32), 3, np.uint8)))
    elif what == "colour":
        Image.new("RGB", (32, 24), "red").save(target)
    elif what == "cut off":
        target.write_bytes(target.read_bytes()[:-30])
    elif what == "no picture":
        target.write_bytes(b"hello")
    else:
        (voc.root / "JPEGImages/d.jpg").write_bytes((voc.root / "JPEGImages/d.jpg").read_bytes()[:400])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("size", "has 24 x 32 px, but its image d.jpg has 32 x 24 px"),
        ("label", "label 3 in a mask, but there are 2 classes"),
        ("colour", "RGB picture, not an indexed mask"),
        ("cut off", "is damaged"),
        ("no picture", "not a PNG mask"),
        ("image", "damaged or cut off"),
    ],
)
def test_damaged_files_are_named_when_read_and_when_checked(voc: Any, what: str, message: str) -> None:
    _spoil(voc, what)
    data = voc.open()
    with pytest.raises(DatasetError, match=message) as caught:
        data.sample("val", 0)
    assert "/d." in str(caught.value)
    assert data.check() == [str(caught.value)]
    data.sample("train", 0)


def test_check_stops_after_twenty_problems(voc: Any) -> None:
    names = [f"x{i:02d}" for i in range(25)]
    for name in names:
        voc.add(name, 9)
    voc.split("bad", names)
    problems = voc.open().check()
    assert len(problems) == 21
    assert "Stopped after 20" in problems[-1]


def test_fingerprint_changes_with_content_only(voc: Any, tmp_path: Any) -> None:
    first = voc.open().fingerprint
    assert voc.open().fingerprint == first
    assert voc.open(classes=("dog", "cat")).fingerprint != first
    voc.root.rename(tmp_path / "moved")
    moved = DatasetSpec(name="other", kind="voc", path=str(tmp_path / "moved"))
    assert open_dataset(moved).fingerprint == first
    (tmp_path / "moved/ImageSets/Segmentation/train.txt").write_text("b c\na\n")
    assert open_dataset(moved).fingerprint != first


def test_a_list_in_another_encoding(voc: Any) -> None:
    (voc.root / "ImageSets/Segmentation/train.txt").write_bytes("é\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        voc.open()


@pytest.mark.parametrize("names", ["", "cat\ncat\n", "a;b\n", "\n".join(f"c{i}" for i in range(255))])
def test_class_lists_that_cannot_be(voc: Any, names: str) -> None:
    (voc.root / "classes.txt").write_text(names)
    with pytest.raises(DatasetError, match="class"):
        voc.open()


def test_ten_thousand_images_open_in_seconds(voc: Any) -> None:
    names = [f"n{i:05d}" for i in range(10_000)]
    for folder, suffix in (("JPEGImages", "jpg"), ("SegmentationClass", "png")):
        for name in names:
            (voc.root / folder / f"{name}.{suffix}").touch()
    voc.split("big", names)
    voc.split("paths", [f"/JPEGImages/{n}.jpg /SegmentationClass/{n}.png" for n in names])
    start = time.monotonic()
    assert voc.open().splits["big"] == 10_000
    assert time.monotonic() - start < 10
