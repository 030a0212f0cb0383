"""Errors that a person can act on.

Every message says what happened and what to do about it; the command line
prints it without a traceback and the service turns it into an RFC 9457 problem.
"""


class UserError(Exception):
    """Something the user gave cannot be used. The message says what and what to do.

    Attributes:
        kind: short code of the class of errors, as a failed job carries it.
    """

    kind = "settings"


class SettingsError(UserError):
    """Settings that contradict each other or the data they are applied to."""


class DatasetError(UserError):
    """A data set that is missing, incomplete or inconsistent."""


class ImageError(UserError):
    """A file that is not an image we accept, is damaged, or is over the limits."""


class CheckpointError(UserError):
    """Weights or a card that are damaged, do not match each other, or are unsafe to load."""


class StorageError(UserError):
    """There is no space left to write to."""

    kind = "insufficient_storage"

    def __init__(self) -> None:
        super().__init__(
            "There is no space left on the disk, so the results of this job could not be written. What was saved "
            "before is intact. Free some space, then retry the job: it goes on from what it saved last."
        )
