"""The command line ``ssenet``: thin shells over the library. torch is loaded by the commands that need it."""

from ssenet.cli.main import app

__all__ = ["app"]
