"""What is asked of two evaluations."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from backend.service import IDENTIFIER
from ssenet.analysis.object_sizes import SizeChoice
from ssenet.analysis.pair import Choice

EvaluationId = Annotated[str, Field(pattern=IDENTIFIER, description="An evaluation.")]
OF_PAIR = {"a", "b"}


class PairQuery(Choice):
    """Two evaluations and how they are compared."""

    from_text: ClassVar[bool] = True

    a: EvaluationId
    b: EvaluationId

    @property
    def choice(self) -> Choice:
        """How they are compared."""
        return Choice.model_validate(self.model_dump(exclude=OF_PAIR))


class SizePairQuery(Choice):
    """Two evaluations and how they are compared by object size."""

    from_text: ClassVar[bool] = True

    a: EvaluationId
    b: EvaluationId
    small: float | None = Field(default=None, description="Area up to which objects are small, as a fraction.")
    medium: float | None = Field(default=None, description="Area up to which they are medium; both, or none: thirds.")

    @property
    def choice(self) -> SizeChoice:
        """How they are compared. Raises ValueError when only one limit is there, or they do not ascend."""
        if (self.small is None) != (self.medium is None):
            raise ValueError("small and medium are given together, or both left out for thirds")
        limits = None if self.small is None else (self.small, self.medium)
        return SizeChoice.model_validate(self.model_dump(exclude={*OF_PAIR, "small", "medium"}) | {"limits": limits})
