"""One object at several sizes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ssenet.data.demo import CLASSES
from ssenet.data.demo.assets import load_assets
from ssenet.data.demo.paste import object_borders
from ssenet.data.demo.scales import controlled_scales, paste_at_scales
from ssenet.errors import DatasetError


@pytest.mark.parametrize("label", CLASSES)
def test_masks_follow_the_alpha_at_every_scale(label: str) -> None:
    pictures = load_assets().splits["val"]
    cutout, background = pictures.cutouts[CLASSES.index(label)][0], pictures.backgrounds[0]
    scales = (1.0, 0.5, 0.25)
    samples = paste_at_scales(cutout, background, scales)
    bare = None
    for scale, sample in zip(scales, samples, strict=True):
        assert sample.mask is not None
        factor = 256 * scale / max(cutout.image.size)
        size = tuple(max(1, round(side * factor)) for side in cutout.image.size)
        layer = Image.new("RGBA", (320, 320))
        layer.paste(cutout.image.resize(size, Image.Resampling.LANCZOS), tuple(round(160 - s / 2) for s in size))
        alpha = np.asarray(layer)[..., 3]
        expected = np.where(alpha > 127, CLASSES.index(label) + 1, 0)
        expected[object_borders((alpha > 127).astype(np.int16))] = 255
        np.testing.assert_array_equal(sample.mask, expected)
        np.testing.assert_array_equal(np.flatnonzero(sample.labels), [CLASSES.index(label)])
        bare = (alpha == 0) if bare is None else bare & (alpha == 0)
    assert bare is not None
    for sample in samples[1:]:
        np.testing.assert_array_equal(sample.image[bare], samples[0].image[bare])


def test_area_goes_with_the_square_of_the_scale() -> None:
    large, small = controlled_scales("predator", 0, 1, (1.0, 0.5))
    assert large.mask is not None and small.mask is not None
    areas = [(m > 0).sum() for m in (large.mask, small.mask)]
    assert areas[0] / areas[1] == pytest.approx(4, rel=0.15)


def test_what_does_not_fit_or_exist_is_refused() -> None:
    with pytest.raises(DatasetError, match="leaves the image"):
        controlled_scales("bird", scales=(2.0,))
    with pytest.raises(DatasetError, match="nothing of the object is left"):
        controlled_scales("bird", scales=(0.004,))
    with pytest.raises(DatasetError, match="no class 'cat'"):
        controlled_scales("cat")
    with pytest.raises(DatasetError, match="cut-outs of bird"):
        controlled_scales("bird", 999)
