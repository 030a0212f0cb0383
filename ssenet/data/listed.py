"""A data set of files that lists name: what VOC folders and CSV lists have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ssenet.config import DatasetSpec
from ssenet.data.base import Sample, checked_index, checked_split, fingerprint_of
from ssenet.data.files import Entry, file_facts, problems_of, read_entry, read_labels
from ssenet.errors import DatasetError


class ListedDataset:
    """Files by split; nothing but the lists is read before a sample is asked for.

    Args:
        unlabelled: entries of the lists that have no labels at all: they are no splits to train on or to score, but
            their photographs can be predicted.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        root: Path,
        classes: tuple[str, ...],
        entries: dict[str, list[Entry]],
        source: str,
        unlabelled: Mapping[str, list[Entry]] | None = None,
    ) -> None:
        self.spec = spec
        self.classes = classes
        self._photographs = dict(unlabelled or {})
        self.unlabelled = {split: len(listed) for split, listed in self._photographs.items()}
        left_out = f"; without labels, left out: {', '.join(self.unlabelled)}" if self.unlabelled else ""
        self.label_source = source + left_out
        self.entries = entries
        self.splits = {split: len(listed) for split, listed in entries.items()}
        self.masked_splits = tuple(s for s, listed in entries.items() if all(e.mask is not None for e in listed))
        self.has_masks = bool(self.masked_splits)
        self.fingerprint = fingerprint_of([spec.kind, source, *classes, *file_facts(root, entries)])

    def ids(self, split: str) -> list[str]:
        """Ids in the order of the list. Raises DatasetError for an unknown split."""
        if split in self._photographs:
            return [entry.id for entry in self._photographs[split]]
        checked_split(self.spec, self.splits, split)
        return [entry.id for entry in self.entries[split]]

    def sample(self, split: str, index: int, *, epoch: int = 0, with_mask: bool = True) -> Sample:
        """Read one sample; it is the same in every epoch. One of an unlabelled list has neither labels nor mask.

        Raises:
            DatasetError: there is no such sample, or its files cannot be used.
        """
        del epoch
        if split in self._photographs:
            checked_index(self.spec, self.unlabelled, split, index)
            return read_entry(self._photographs[split][index], len(self.classes), with_mask=False)
        checked_index(self.spec, self.splits, split, index)
        return read_entry(self.entries[split][index], len(self.classes), with_mask=with_mask)

    def labels(self, split: str, index: int) -> NDArray[np.float32]:
        """(K,) labels from the list, or from the mask. Raises DatasetError like ``sample``."""
        self._check_labelled(split)
        checked_index(self.spec, self.splits, split, index)
        return read_labels(self.entries[split][index], len(self.classes))

    def check(self) -> list[str]:
        """Problems found by reading every file, and splits that are left out."""
        notes = [self._left_out(split) for split in self.unlabelled]
        return notes + problems_of(self.entries, len(self.classes))

    def _check_labelled(self, split: str) -> None:
        if split in self.unlabelled:
            raise DatasetError(f"Data set {self.spec.name}: {self._left_out(split)}")

    def _left_out(self, split: str) -> str:
        return (
            f"Split {split} is left out: none of its {self.unlabelled[split]} images has labels, so it can be "
            "predicted, but used neither for training nor for scoring."
        )
