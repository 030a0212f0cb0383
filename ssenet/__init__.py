"""SSENet: class activation maps, scale equivariance, and their analysis.

Importing the package loads nothing heavy; import the module you need. ``ssenet.cam`` is there at once:
``ssenet.cam("photograph.jpg", "demo-ssenet")`` gives the class activation maps of a photograph.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssenet.cams import Cams
    from ssenet.photograph import cam

__version__ = "0.1.0"
__all__ = ["Cams", "__version__", "cam"]


_LAZY = {"Cams": "ssenet.cams", "cam": "ssenet.photograph"}


def __getattr__(name: str) -> Any:
    """Load what is named when it is first used."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
