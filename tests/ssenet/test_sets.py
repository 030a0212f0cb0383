"""Sets on disk: complete or not there, resumable, bound to their content, never unpickled."""

import numpy as np
import pytest

from ssenet.errors import DatasetError, SettingsError
from ssenet.lineage import Step
from ssenet.sets import ImageSet, SetManifest, SetWriter, pack

ONE, OTHER = "1" * 64, "2" * 64
IDS = ("2007_000032", "a/b ü")


def manifest(**changes) -> SetManifest:
    values = {
        "kind": "walk",
        "key": ONE,
        "dataset": "demo",
        "dataset_fingerprint": "f",
        "split": "train",
        "image_ids": IDS,
        "classes": ("cat",),
        "lineage": (Step(kind="random_walk", key=ONE, settings={"beta": 8}),),
        "code_version": "1",
    }
    return SetManifest(**{**values, **changes})


def item(value: float) -> bytes:
    return pack({"maps": np.full((1, 2, 3), value, np.float16)})


def test_a_set_reads_back_by_id_whatever_the_id_holds(tmp_path) -> None:
    writer = SetWriter(tmp_path, ".npz", ONE)
    for number, image_id in enumerate(IDS):
        writer.put(image_id, item(number))
    writer.close(manifest())
    found = ImageSet(tmp_path)
    assert found.ids == IDS
    assert found.manifest.settings == {"beta": 8}
    assert [found.arrays(i)["maps"].max() for i in IDS] == [0, 1]
    assert found.bytes > 0
    assert all(path.parent == tmp_path / "items" for path in map(found.path, IDS))


def test_ids_longer_than_a_file_name_keep_items_of_their_own(tmp_path) -> None:
    ids = ("猫の写真" * 20 + "一", "猫の写真" * 20 + "二")
    writer = SetWriter(tmp_path, ".npz", ONE)
    for number, image_id in enumerate(ids):
        writer.put(image_id, item(number))
    writer.close(manifest(image_ids=ids))
    found = ImageSet(tmp_path)
    assert [found.arrays(i)["maps"].max() for i in ids] == [0, 1]
    assert writer.missing(ids) == []


def test_a_set_without_manifest_is_none(tmp_path) -> None:
    SetWriter(tmp_path, ".npz", ONE).put(IDS[0], item(1))
    with pytest.raises(DatasetError, match="no complete set"):
        ImageSet(tmp_path)


def test_finished_items_of_this_and_of_an_earlier_attempt_are_not_missing(tmp_path) -> None:
    earlier = SetWriter(tmp_path / "a", ".npz", ONE)
    earlier.put(IDS[0], item(1))
    assert SetWriter(tmp_path / "a", ".npz", ONE).missing(IDS) == [IDS[1]]
    again = SetWriter(tmp_path / "b", ".npz", ONE, tmp_path / "a")
    assert again.missing(IDS) == [IDS[1]]
    assert again.path(IDS[0]).stat().st_ino == earlier.path(IDS[0]).stat().st_ino


def test_items_of_other_settings_are_never_taken(tmp_path) -> None:
    SetWriter(tmp_path / "a", ".npz", ONE).put(IDS[0], item(1))
    assert SetWriter(tmp_path / "b", ".npz", OTHER, tmp_path / "a").missing(IDS) == list(IDS)
    with pytest.raises(SettingsError, match="other settings"):
        SetWriter(tmp_path / "a", ".npz", OTHER)


def test_pickles_are_refused(tmp_path) -> None:
    writer = SetWriter(tmp_path, ".npz", ONE)
    with (tmp_path / "bad.npz").open("wb") as file:
        np.savez(file, maps=np.array({"a": 1}, dtype=object))
    writer.put(IDS[0], (tmp_path / "bad.npz").read_bytes())
    writer.put(IDS[1], b"no npz")
    writer.close(manifest())
    for image_id in IDS:
        with pytest.raises(DatasetError, match="damaged"):
            ImageSet(tmp_path).arrays(image_id)
