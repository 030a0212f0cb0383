"""The paper's tables for a data set."""

from __future__ import annotations

from backend.schemas.common import Answer
from ssenet.tables import Table


class Tables(Answer):
    """Tables 1 to 3; own figures and the paper's are told apart."""

    dataset: str
    tables: list[Table]
