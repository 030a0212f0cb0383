"""Photographs and masks out of data sets."""

from __future__ import annotations

from frontend import schemas as s
from frontend.transport import Params, Transport, parse, part


class SampleCalls(Transport):
    """Samples of data sets: listing, pictures, masks, and opening one as a photograph."""

    def samples_page(
        self, dataset: str, split: str, offset: int = 0, limit: int = 24, class_name: str | None = None
    ) -> s.SamplePage:
        """Samples of a split in its order, with how many there are; only those that show a class, when it is named."""
        params: Params = {"split": split, "offset": offset, "limit": limit, "class": class_name}
        given = {name: value for name, value in params.items() if value is not None}
        return parse(s.SamplePage, self._send("GET", f"/datasets/{part(dataset)}/samples", params=given))

    def sample_picture(self, dataset: str, split: str, index: int, max_side: int | None = None) -> bytes:
        """PNG of a sample's image; with ``max_side`` its long side has at most so many pixels."""
        return self._file(dataset, split, index, "image", max_side)

    def sample_mask(self, dataset: str, split: str, index: int, max_side: int | None = None) -> bytes:
        """PNG of a sample's mask, its pixels the labels; a ``Problem`` (404) when it has none."""
        return self._file(dataset, split, index, "mask", max_side)

    def open_sample(self, dataset: str, split: str, index: int) -> s.Image:
        """Make a photograph of a sample; the same sample gives the same photograph."""
        return parse(s.Image, self._send("POST", f"{_path(dataset, split, index)}/open"))

    def _file(self, dataset: str, split: str, index: int, what: str, max_side: int | None) -> bytes:
        params = {} if max_side is None else {"max_side": max_side}
        return self._send("GET", f"{_path(dataset, split, index)}/{what}", params=params).content


def _path(dataset: str, split: str, index: int) -> str:
    return f"/datasets/{part(dataset)}/samples/{part(split)}/{index}"
