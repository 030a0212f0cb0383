"""Score maps from the items of sets."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from ssenet.data import open_dataset
from ssenet.errors import DatasetError
from ssenet.refine.maps import cam_maps, score_maps, with_background
from ssenet.render import aggregate, normalise
from ssenet.results import View
from ssenet.sets import ImageSet, SetWriter, pack


def test_cams_are_those_of_the_renderer(sets) -> None:
    cams = sets["cams"]
    image_id, size = cams.ids[0], (64, 60)
    arrays = cams.arrays(image_id)
    classes, maps = cam_maps(cams, image_id, size)
    coarse = {View.parse(n): a.astype(np.float32) for n, a in arrays.items() if n not in ("classes", "scores")}
    assert len(coarse) == 4
    expected = normalise(aggregate(coarse, size, range(len(classes))), "eq3")
    assert np.array_equal(classes, arrays["classes"])
    np.testing.assert_array_equal(maps, expected)
    assert maps.shape == (len(classes), *size) and maps.min() >= 0 and maps.max() <= 1


def test_the_official_order_is_normalised_as_released(sets, tmp_path) -> None:
    cams = sets["cams"]
    last = cams.manifest.lineage[-1]
    official = last.model_copy(update={"settings": {**last.settings, "relu_order": "official"}})
    lineage = (*cams.manifest.lineage[:-1], official)
    writer = SetWriter(tmp_path / "official", ".npz", cams.manifest.key)
    for image_id in cams.ids:
        writer.put(image_id, cams.path(image_id).read_bytes())
    writer.close(cams.manifest.model_copy(update={"lineage": lineage}))
    image_id, size = cams.ids[0], (64, 64)
    _, maps = cam_maps(ImageSet(tmp_path / "official"), image_id, size)
    arrays = cams.arrays(image_id)
    coarse = {View.parse(n): a.astype(np.float32) for n, a in arrays.items() if n not in ("classes", "scores")}
    total = aggregate(coarse, size, range(len(maps)), "official")
    np.testing.assert_allclose(maps, total / (total.max(axis=(1, 2), keepdims=True) + 1e-5), rtol=1e-6)
    assert np.abs(maps - cam_maps(cams, image_id, size)[1]).max() > 1e-4


def test_walk_maps_cover_the_padded_photograph_and_are_cropped(sets, tmp_path) -> None:
    rng = np.random.default_rng(0)
    height, width = 61, 43
    maps, background = rng.random((2, 8, 6), np.float32), rng.random((8, 6), np.float32)
    item = {
        "maps": maps,
        "background": background,
        "classes": np.array([3, 7]),
        "stride": np.int64(8),
        "size": np.array([height, width]),
    }
    walk = sets["walk"]
    writer = SetWriter(tmp_path / "walk", ".npz", walk.manifest.key)
    writer.put("x", pack(item))
    writer.close(walk.manifest.model_copy(update={"image_ids": ("x",)}))
    scores = score_maps(ImageSet(tmp_path / "walk"), "x", (height, width))
    stacked = torch.from_numpy(np.concatenate([background[None], maps]))[None]
    whole = interpolate(stacked, size=(64, 48), mode="bilinear", align_corners=False)[0, :, :height, :width].numpy()
    np.testing.assert_allclose(scores.background, whole[0], atol=1e-6)
    np.testing.assert_allclose(scores.maps, whole[1:], atol=1e-6)
    assert scores.classes.tolist() == [3, 7]
    with pytest.raises(DatasetError, match="has changed"):
        score_maps(ImageSet(tmp_path / "walk"), "x", (height, width + 1))


def test_cams_bring_no_background_and_walks_do(sets, small) -> None:
    image = open_dataset(small).sample("train", 0).image
    size = (image.shape[0], image.shape[1])
    image_id = sets["cams"].ids[0]
    assert score_maps(sets["cams"], image_id, size).background is None
    walked = score_maps(sets["walk"], image_id, size)
    assert walked.background is not None
    np.testing.assert_allclose(walked.background, 0.2, atol=1e-3)


def test_an_item_of_another_kind_is_named(sets, tmp_path) -> None:
    cams = sets["cams"]
    writer = SetWriter(tmp_path / "odd", ".npz", cams.manifest.key)
    writer.put(cams.ids[0], sets["walk"].path(cams.ids[0]).read_bytes())
    writer.close(cams.manifest)
    with pytest.raises(DatasetError, match="no item of a set of CAMs"):
        cam_maps(ImageSet(tmp_path / "odd"), cams.ids[0], (64, 64))


def test_background_of_maps() -> None:
    maps = np.array([[[0.0, 0.25]], [[0.5, 1.0]]], np.float32)
    np.testing.assert_allclose(with_background(maps, 4)[0], [[0.5**4, 0.0]])
    np.testing.assert_array_equal(with_background(maps, 4)[1:], maps)
    np.testing.assert_array_equal(with_background(np.zeros((0, 2, 3), np.float32), 4), np.ones((1, 2, 3)))
