"""Fig. 6 shows what it is given; exports are what the VOC server wants, or nothing."""

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_sets import tiny_set

from ssenet.data import open_dataset
from ssenet.data.images import encode_mask_png, voc_palette
from ssenet.errors import DatasetError
from ssenet.refine.photographs import photographs_of
from ssenet.segmentation.export import write_server_results
from ssenet.segmentation.gallery import Example, examples_of, gallery
from ssenet.sets import ImageSet

CLASSES = ("cat", "dog", "fish")
CELL = 60


def example(prediction: int = 2, truth: int | None = 1, side: int = 30) -> Example:
    """A grey photograph, all of it one class."""

    def labels(label: int) -> np.ndarray:
        return np.full((side, side), label, np.uint8)

    image = np.full((side, side, 3), 90, np.uint8)
    return Example("one", image, None if truth is None else labels(truth), labels(prediction))


def colours(picture: np.ndarray) -> set[tuple[int, ...]]:
    """Colours of the legend and pictures that fill at least a swatch."""
    found, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(int(c) for c in colour) for colour, n in zip(found, counts, strict=True) if n >= 60}


def voc(label: int) -> tuple[int, ...]:
    """VOC's colour."""
    return tuple(int(c) for c in voc_palette()[label])


def test_the_three_pictures_of_an_example_stand_side_by_side() -> None:
    picture = gallery([example()], CLASSES, cell=CELL)
    middle = picture[10 + 15 + 6 + CELL // 2]
    found = [tuple(int(c) for c in middle[10 + i * (CELL + 6) + CELL // 2]) for i in range(3)]
    assert found == [(90, 90, 90), voc(1), voc(2)]


def test_the_legend_names_the_classes_that_occur_and_no_others() -> None:
    assert colours(gallery([example()], CLASSES, cell=CELL)) >= {voc(1), voc(2)}
    assert voc(3) not in colours(gallery([example()], CLASSES, cell=CELL))
    more = gallery([example(), example(3)], CLASSES, cell=CELL, across=1)
    assert voc(3) in colours(more)


def test_a_ground_truth_that_nobody_knows_gets_no_column_and_one_that_some_know_does() -> None:
    unknown, known = example(truth=None), example()
    without = gallery([unknown], CLASSES, cell=CELL)
    both = gallery([unknown, known], CLASSES, cell=CELL, across=1)
    assert without.shape[1] == 2 * CELL + 6 + 20
    assert both.shape[1] == 3 * CELL + 12 + 20


@pytest.mark.parametrize(("images", "across", "rows"), [(1, 4, 1), (4, 2, 2), (5, 2, 3), (3, 3, 1)])
def test_examples_fill_rows(images: int, across: int, rows: int) -> None:
    one = gallery([example()], CLASSES, cell=CELL)
    picture = gallery([example()] * images, CLASSES, cell=CELL, across=across)
    assert picture.shape[0] - one.shape[0] == (rows - 1) * (CELL + 15 + 6)


def test_overlays_mix_label_and_photograph() -> None:
    picture = gallery([example(prediction=0, truth=2)], CLASSES, cell=CELL, opacity=0.5)
    middle = picture[10 + 15 + 6 + CELL // 2]
    mixed = [round(0.5 * 90 + 0.5 * c) for c in voc(2)]
    np.testing.assert_allclose(middle[10 + CELL + 6 + CELL // 2], mixed, atol=1)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "at least one example"),
        ([example(prediction=4)], "label 4 where 3 classes are known"),
        ([replace(example(), prediction=np.zeros((3, 3), np.uint8))], "labels of"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(examples: list[Example], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gallery(examples, CLASSES)


def test_examples_come_from_a_set_and_its_photographs(masks, voc) -> None:
    dataset = open_dataset(voc)
    examples = examples_of(masks, photographs_of(masks, dataset), masks.ids[1:3])
    assert [e.id for e in examples] == list(masks.ids[1:3])
    for index, found in enumerate(examples, 1):
        sample = dataset.sample("train", index)
        np.testing.assert_array_equal(found.image, sample.image)
        np.testing.assert_array_equal(found.truth, sample.mask)
        np.testing.assert_array_equal(found.prediction, sample.mask)


def without_ignored(masks: ImageSet) -> ImageSet:
    """The set with its ignored pixels made background."""
    for image_id in masks.ids:
        labels = masks.mask(image_id)
        masks.path(image_id).write_bytes(encode_mask_png(np.where(labels == 255, 0, labels).astype(np.uint8)))
    return masks


def test_results_lie_where_the_server_looks_as_indexed_pngs(voc, tmp_path) -> None:
    masks = without_ignored(tiny_set(tmp_path / "set", "masks", 2, spec=voc, split="val"))
    archive = write_server_results(masks, tmp_path / "out", archive=True)
    folder = tmp_path / "out" / "results" / "VOC2012" / "Segmentation" / "comp6_val_cls"
    assert sorted(p.name for p in folder.iterdir()) == [f"{image_id}.png" for image_id in masks.ids]
    with Image.open(folder / f"{masks.ids[0]}.png") as png:
        assert png.mode == "P"
        np.testing.assert_array_equal(np.asarray(png), masks.mask(masks.ids[0]))
        assert png.getpalette()[:12] == voc_palette()[:4].ravel().tolist()
    with tarfile.open(archive) as packed:
        assert packed.getnames() == [f"results/VOC2012/Segmentation/comp6_val_cls/{i}.png" for i in masks.ids]
        member = packed.extractfile(packed.getnames()[1])
        assert member is not None and member.read() == (folder / f"{masks.ids[1]}.png").read_bytes()


def test_old_results_and_ignored_pixels_are_refused(voc, tmp_path) -> None:
    masks = without_ignored(tiny_set(tmp_path / "set", "masks", 1, spec=voc))
    written = write_server_results(masks, tmp_path / "out")
    assert written == tmp_path / "out" / "results" / "VOC2012" / "Segmentation" / "comp6_train_cls"
    with pytest.raises(DatasetError, match="holds results already"):
        write_server_results(masks, tmp_path / "out")
    labels = masks.mask(masks.ids[0])
    labels[0, 0] = 255
    masks.path(masks.ids[0]).write_bytes(encode_mask_png(labels))
    with pytest.raises(DatasetError, match="has ignored pixels"):
        write_server_results(masks, tmp_path / "b")


def test_only_masks_are_exported(voc, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is a set of cams"):
        write_server_results(tiny_set(tmp_path / "set", "cams", 1, spec=voc), tmp_path / "out")
