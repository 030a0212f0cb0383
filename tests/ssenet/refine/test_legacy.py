"""The released code's pickled dictionaries: read, converted, and never run."""

import os
import pickle
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from ssenet.data import open_dataset
from ssenet.errors import DatasetError
from ssenet.refine.convert import convert_cams, convert_crf
from ssenet.refine.labels import plain_labels
from ssenet.refine.legacy import read_cam, read_crf, read_image_labels
from ssenet.refine.maps import cam_maps
from ssenet.sets import ImageSet


class Malicious:
    """Unpickling it would make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def write_header(file: BinaryIO) -> None:
    """The header of an array that holds one object."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})


def as_released(path: Path, held: object, protocol: int = 2) -> Path:
    """An .npy as old numpy wrote it: the old module name, pickle protocol 2."""
    array = np.array(held, dtype=object)
    with path.open("wb") as file:
        write_header(file)
        file.write(pickle.dumps(array, protocol=protocol).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    return path


def maps(seed: int, count: int, size: tuple[int, int] = (5, 7)) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((count, *size), np.float32))


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_cams_by_class(tmp_path, protocol: int) -> None:
    one, other = maps(0, 2)
    path = as_released(tmp_path / "a.npy", {14: other, 3: one}, protocol) if protocol < 4 else tmp_path / "a.npy"
    if protocol == 4:
        np.save(path, {14: other, 3: one}, allow_pickle=True)
    found = read_cam(path)
    assert found.classes.tolist() == [3, 14]
    assert np.array_equal(found.maps, [one, other]) and found.maps.dtype == np.float32
    assert found.background is None


def test_crf_scores_have_their_background_first(tmp_path) -> None:
    background, one, other = maps(1, 3)
    found = read_crf(as_released(tmp_path / "a.npy", {15: other, 0: background, 4: one}))
    assert found.classes.tolist() == [3, 14]
    assert np.array_equal(found.background, background) and np.array_equal(found.maps, [one, other])
    with pytest.raises(DatasetError, match="no background"):
        read_crf(as_released(tmp_path / "b.npy", {4: one}))


def test_image_labels(tmp_path) -> None:
    labels = {"2007_000032": np.array([1, 0, 1], np.float32), "2007_000039": np.zeros(3, np.float32)}
    found = read_image_labels(as_released(tmp_path / "cls_labels.npy", labels))
    assert found.keys() == labels.keys()
    assert np.array_equal(found["2007_000032"], [1, 0, 1])
    with pytest.raises(DatasetError, match="neither 0 nor 1"):
        read_image_labels(as_released(tmp_path / "odd.npy", {"a": np.array([0.5])}))


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: {3: m}, lambda m: {3: [m]}], ids=["bare", "value", "nested"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path, wrap) -> None:
    target = tmp_path / "executed"
    path = as_released(tmp_path / "evil.npy", wrap(Malicious(target)))
    with pytest.raises(DatasetError, match="mkdir"):
        read_cam(path)
    assert not target.exists()
    np.load(path, allow_pickle=True)  # what an unrestricted reader would have done
    assert target.exists()


@pytest.mark.parametrize("name", ["builtins.eval", "numpy.load", "subprocess.Popen", "numpy.core.multiarray.scalar"])
def test_no_other_name_is_let_through(tmp_path, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        write_header(file)
        file.write(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(DatasetError, match=f"{module}.{attribute}"):
        read_cam(path)


@pytest.mark.parametrize("held", [{3: np.zeros(4)}, {-1: np.zeros((2, 2))}, {"3": np.zeros((2, 2))}, [1], {}])
def test_other_contents_are_refused(tmp_path, held) -> None:
    path = as_released(tmp_path / "a.npy", held)
    with pytest.raises(DatasetError):
        read_cam(path)


def test_files_that_are_no_dictionary_at_all(tmp_path) -> None:
    np.save(tmp_path / "plain.npy", np.zeros((2, 3)))
    (tmp_path / "text.npy").write_text("nothing")
    whole = as_released(tmp_path / "whole.npy", {3: np.zeros((9, 9), np.float32)}).read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-40])
    nan = as_released(tmp_path / "nan.npy", {3: np.full((2, 2), np.nan, np.float32)})
    for path in (tmp_path / "plain.npy", tmp_path / "text.npy", tmp_path / "cut.npy", nan, tmp_path / "missing.npy"):
        with pytest.raises(DatasetError, match=path.name):
            read_cam(path)


def test_a_folder_of_cams_becomes_a_set(small, tmp_path) -> None:
    dataset = open_dataset(small)
    written = {}
    for index, image_id in enumerate(dataset.ids("train")[:2]):
        size = dataset.sample("train", index).image.shape[:2]
        written[image_id] = [m / m.max() for m in maps(index, 2, size)]
        as_released(tmp_path / f"{image_id}.npy", dict(zip((1, 7), written[image_id], strict=True)))
    steps: list[tuple[int, int]] = []
    convert_cams(tmp_path, dataset, "train", tmp_path / "set", (0.5, 1.0), True, lambda *step: steps.append(step))
    made = ImageSet(tmp_path / "set")
    assert made.ids == tuple(written) and made.manifest.kind == "cams"
    assert made.manifest.settings["scales"] == [0.5, 1.0]
    assert steps == [(1, 2), (2, 2)]
    for image_id, expected in written.items():
        classes, found = cam_maps(made, image_id, expected[0].shape)
        assert classes.tolist() == [1, 7]
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_folders_of_crf_scores_become_a_set(small, tmp_path) -> None:
    dataset = open_dataset(small)
    image_id, size = dataset.ids("train")[1], dataset.sample("train", 1).image.shape[:2]
    stacks = {}
    for name, seed in (("low", 1), ("high", 2)):
        (tmp_path / name).mkdir()
        stacks[name] = np.stack(maps(seed, 3, size))
        as_released(tmp_path / name / f"{image_id}.npy", dict(zip((0, 3, 6), stacks[name], strict=True)))
    out = tmp_path / "set"
    convert_crf(tmp_path / "low", tmp_path / "high", (4, 32), dataset, "train", out, lambda *_: None)
    made = ImageSet(out)
    assert (made.ids, made.manifest.kind) == ((image_id,), "crf")
    assert made.manifest.settings["alpha_high"] == 32
    item = made.arrays(image_id)
    for name, stack in stacks.items():
        np.testing.assert_allclose(item[name], stack, atol=1e-3)
    assert item["classes"].tolist() == [2, 5]
    assert set(np.unique(plain_labels(item["low"], item["classes"]))) == {0, 3, 6}


def test_maps_of_another_size_and_unknown_classes_are_refused(small, tmp_path) -> None:
    dataset = open_dataset(small)
    image_id, size = dataset.ids("train")[0], dataset.sample("train", 0).image.shape[:2]

    def convert(name: str) -> None:
        convert_cams(tmp_path, dataset, "train", tmp_path / name, (1.0,), False, lambda *_: None)

    with pytest.raises(DatasetError, match="no file"):
        convert("none")
    as_released(tmp_path / f"{image_id}.npy", {1: np.ones((4, 4), np.float32)})
    with pytest.raises(DatasetError, match="for a photograph of"):
        convert("size")
    as_released(tmp_path / f"{image_id}.npy", {10: np.ones(size, np.float32)})
    with pytest.raises(DatasetError, match="names class 10; there are 10"):
        convert("class")
