"""Fixtures of the training tests."""

from collections.abc import Iterator

import pytest
import torch
from tiny_training import SPEC

from ssenet.data import open_dataset
from ssenet.data.base import Dataset


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    """Twelve training and four validation composites."""
    return open_dataset(SPEC)


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Sums depend on how many threads share them, and bit equality must not depend on the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
