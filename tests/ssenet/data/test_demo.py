"""The demo set: the same for the same seed, exact masks, and nothing shared by the two splits."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from ssenet.config import DatasetSpec
from ssenet.data import Dataset, Sample, open_dataset
from ssenet.data.demo import CLASSES, CLEAR, assets, compose, paste
from ssenet.errors import DatasetError

GOLDEN = "ba7d0683f447eb8434bbe13fac72a88d81e08a30b9695b0de7f88da4742ce3d0"
"""Of the masks: pictures are left out because decoders may differ by a gray level."""


def demo(**changes: Any) -> Dataset:
    return open_dataset(DatasetSpec(name="demo", kind="demo", **changes))


def digest(samples: list[Sample], *, pixels: bool = True) -> str:
    found = hashlib.sha256()
    for s in samples:
        assert s.mask is not None
        for array in (s.image if pixels else s.labels, s.mask, s.labels):
            found.update(str(array.shape).encode() + array.tobytes())
    return found.hexdigest()


def few(data: Dataset, split: str = "train", **options: Any) -> list[Sample]:
    return [data.sample(split, i, **options) for i in (0, 3, 7, 11)]


def test_a_sample_is_a_function_of_seed_split_epoch_and_index() -> None:
    one = digest(few(demo()))
    again = demo()
    again.sample("train", 5)
    again.sample("val", 1)
    assert digest(few(again)) == one
    assert digest(few(demo(train_images=12))) == one
    others = [few(demo(), epoch=1), few(demo(seed=1)), few(demo(), "val")]
    assert len({one, *map(digest, others)}) == 4


def test_another_process_composes_the_same() -> None:
    code = (
        "from ssenet.config import DatasetSpec; from ssenet.data import open_dataset; import hashlib\n"
        "s = open_dataset(DatasetSpec(name='demo', kind='demo')).sample('train', 3, epoch=2)\n"
        "print(hashlib.sha256(s.image.tobytes() + s.mask.tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    sample = demo().sample("train", 3, epoch=2)
    assert sample.mask is not None
    assert other.stdout.strip() == hashlib.sha256(sample.image.tobytes() + sample.mask.tobytes()).hexdigest()


def test_masks_stay_what_they_were_unless_the_version_is_raised() -> None:
    assert compose.COMPOSER_VERSION == 1
    assert digest(few(demo()) + few(demo(), "val"), pixels=False) == GOLDEN


def test_labels_are_those_of_the_sample_and_cannot_be_spoiled() -> None:
    data = demo()
    expected = data.sample("val", 2).labels
    data.labels("val", 2)[:] = 7
    np.testing.assert_array_equal(data.labels("val", 2), expected)
    assert data.sample("train", 0).image.flags.writeable


def test_train_varies_with_the_epoch_and_val_does_not() -> None:
    data = demo()
    assert digest(few(data, "val", epoch=4)) == digest(few(data, "val"))
    assert digest(few(data, epoch=4)) != digest(few(data))


def test_the_splits_share_no_picture() -> None:
    rows = assets.load_assets().rows
    sides = {side: [r for r in rows if r["split"] == side] for side in ("train", "val")}
    for column in ("file", "sha256", "source"):
        train, val = ({r[column] for r in sides[s]} for s in ("train", "val"))
        assert not train & val
    assert len(sides["train"]) + len(sides["val"]) == len(rows)
    for label in (*CLASSES, ""):
        train, val = (sum(r["class"] == label for r in sides[s]) for s in ("train", "val"))
        assert val >= 3
        assert 0.55 <= train / (train + val) <= 0.8


def test_the_files_are_those_of_the_table_and_have_a_licence() -> None:
    assert demo().check() == []
    table = assets.load_assets()
    listed = {r["file"] for r in table.rows}
    there = {p.relative_to(assets.ASSETS).as_posix() for kind in ("*.webp", "*.jpg") for p in assets.ASSETS.rglob(kind)}
    assert there == listed
    for row in table.rows:
        assert row["author"] and row["package"] and row["source"]
        free = row["licence"] in ("Public domain", "CC0-1.0")
        assert free or (row["licence"] == "GPL-2.0-or-later" and row["kind"] == "cutout")
    text = (assets.ASSETS / "LICENSE").read_text()
    assert "GNU GENERAL PUBLIC LICENSE" in text and "NOTICE.csv" in text


def test_every_sample_is_well_formed() -> None:
    data = demo(train_images=150, val_images=60)
    for split, count in data.splits.items():
        for index in range(count):
            sample = data.sample(split, index)
            assert sample.mask is not None
            height, width = sample.mask.shape
            assert sample.image.shape == (height, width, 3) and sample.image.dtype == np.uint8
            assert (width, height) in compose.CANVASES
            present = {int(v) for v in np.unique(sample.mask)} - {0, 255}
            assert present == {int(k) + 1 for k in np.flatnonzero(sample.labels)}
            assert 1 <= len(present) <= 3
            assert (sample.mask == 255).any()


def test_sizes_and_classes_are_spread() -> None:
    pictures = assets.load_assets().splits["train"]
    composites = [compose.compose(pictures, compose.generator(0, "train", 0, i)) for i in range(250)]
    areas = np.concatenate([c.areas for c in composites])
    assert 0.05 < (areas < 0.02).mean() < 0.3
    assert (areas > 0.1).mean() > 0.25
    assert (areas > 0.2).mean() > 0.08
    labels = np.stack([np.isin(np.arange(1, 11), c.mask) for c in composites])
    assert 1.4 < labels.sum(1).mean() < 2.0
    assert labels.sum(0).min() > 20


def test_the_clear_images_show_one_object_in_one_piece_small_to_large() -> None:
    data = demo()
    masks = [data.sample("val", index).mask for index in CLEAR]
    assert all(ndimage.label((mask > 0) & (mask < 255))[1] == 1 for mask in masks)
    assert all(data.labels("val", index).sum() == 1 for index in CLEAR)
    areas = [float((mask > 0).mean()) for mask in masks]
    assert areas == sorted(areas) and areas[0] < 0.05 and areas[-1] > 0.5


def test_composing_is_quick() -> None:
    data = demo()
    for i in range(60):
        data.sample("train", i)
    start = time.process_time()
    for i in range(60):
        data.sample("train", i)
    assert (time.process_time() - start) / 60 < 0.06


@given(
    st.integers(1, 24), st.integers(1, 24), st.integers(-20, 30), st.integers(-20, 30), st.integers(0, 2**32 - 1)
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_an_objects_mask_is_where_its_alpha_exceeds_half(w: int, h: int, left: int, top: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    patch = Image.fromarray(rng.integers(0, 256, (h, w, 4), dtype=np.uint8))
    background = Image.fromarray(rng.integers(0, 256, (20, 28, 3), dtype=np.uint8))
    canvas = paste.Canvas.over(background)
    paste.blend(canvas, paste.place(canvas, patch, left, top), 4)
    layer = Image.new("RGBA", (28, 20))
    layer.paste(patch, (left, top))
    alpha = np.asarray(layer)[..., 3]
    np.testing.assert_array_equal(canvas.mask, np.where(alpha > 127, 4, 0))
    pillow = Image.composite(layer.convert("RGB"), background, layer.getchannel("A"))
    assert np.abs(canvas.image.astype(int) - np.asarray(pillow)).max() <= 1
    np.testing.assert_array_equal(canvas.image[alpha == 0], np.asarray(background)[alpha == 0])


def test_the_ignored_ring_is_two_pixels_wide_and_between_touching_objects_too() -> None:
    canvas = paste.Canvas.over(Image.new("RGB", (20, 12)))
    for left, label in ((4, 1), (10, 1)):
        square = Image.new("RGBA", (6, 6), "red")
        paste.blend(canvas, paste.place(canvas, square, left, 3), label)
    mask = paste.finished_mask(canvas)
    np.testing.assert_array_equal(mask[6], [0, 0, 0, 255, 255, 1, 1, 1, 1, 255, 255, 1, 1, 1, 1, 255, 255, 0, 0, 0])
    np.testing.assert_array_equal(mask[:, 7], [0, 0, 255, 255, 1, 1, 1, 1, 255, 255, 0, 0])


def test_a_later_object_covers_an_earlier_one() -> None:
    canvas = paste.Canvas.over(Image.new("RGB", (20, 20)))
    paste.blend(canvas, paste.place(canvas, Image.new("RGBA", (10, 10), "red"), 0, 0), 1)
    over = paste.place(canvas, Image.new("RGBA", (10, 5), "blue"), 0, 5)
    assert paste.hidden_fraction(canvas, over) == pytest.approx(0.5)
    paste.blend(canvas, over, 2)
    assert canvas.mask[2, 2] == 1
    assert canvas.mask[7, 2] == 2
    np.testing.assert_array_equal(canvas.image[7, 2], [0, 0, 255])


def test_what_does_not_exist_is_refused() -> None:
    data = demo(train_images=3, val_images=2)
    assert data.ids("val") == ["val_00000", "val_00001"]
    for split, index in (("train", 3), ("train", -1), ("test", 0)):
        with pytest.raises(DatasetError):
            data.sample(split, index)
    with pytest.raises(DatasetError, match="its own classes"):
        demo(classes=("cat",))


def test_fingerprint_names_what_the_samples_depend_on() -> None:
    prints = [demo().fingerprint, demo(seed=1).fingerprint, demo(val_images=3).fingerprint]
    assert len(set(prints)) == 3
    assert demo().fingerprint == prints[0]


def test_missing_and_altered_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"source checkout.*build_demo_assets"):
        assets.load_assets(tmp_path)
    (tmp_path / "NOTICE.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="damaged"):
        assets.load_assets(tmp_path)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "NOTICE.csv").write_bytes((assets.ASSETS / "NOTICE.csv").read_bytes())
    first = assets.load_assets(whole).rows[0]["file"]
    (whole / first).parent.mkdir(parents=True)
    (whole / first).write_bytes(b"something else")
    problems = assets.check_assets(whole)
    assert f"{first} is not the file that NOTICE.csv lists" in problems
    assert len(problems) == len(assets.load_assets(whole).rows)


def test_nothing_of_it_loads_torch() -> None:
    code = (
        "import sys, ssenet.data.export, ssenet.data.gallery, ssenet.data.demo.scales, ssenet.data.demo.dataset, "
        "ssenet.data.custom; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "False"
