"""Data sets: the composed demo set, VOC folders, and CSV lists of one's own images.

Nothing here imports torch.
"""

from __future__ import annotations

from ssenet.config import DatasetSpec
from ssenet.data.base import IGNORED, Dataset, Sample

__all__ = ["IGNORED", "Dataset", "Sample", "open_dataset"]


def open_dataset(spec: DatasetSpec) -> Dataset:
    """The data set that ``spec`` describes; images are read when they are asked for.

    Raises:
        DatasetError: it is missing, incomplete or inconsistent.
    """
    if spec.kind == "demo":
        from ssenet.data.demo.dataset import DemoDataset

        return DemoDataset(spec)
    if spec.kind == "voc":
        from ssenet.data.voc import VocDataset

        return VocDataset(spec)
    from ssenet.data.custom import CsvDataset

    return CsvDataset(spec)
