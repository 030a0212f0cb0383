"""SSENet: class activation maps, scale equivariance, and their analysis.

Importing the package loads nothing heavy; import the module you need.
"""

__version__ = "0.1.0"
