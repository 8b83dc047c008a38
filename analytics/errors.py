"""Every error that Pagetally raises on purpose, and what answers it.

PagetallyError              a sentence for a person, and a hint that can be typed
├── InputError              the sender's fault: names the field            400, exit 2
│   └── TooLarge            more bytes than an endpoint takes              413
├── Unavailable             not stored, try again                          503 + Retry-After
│   ├── StoreBusy           somebody else holds the database's write lock
│   ├── StoreFailed         the database refused
│   │   └── DiskFailed      disk full, input/output error, files taken away: health is red
│   ├── QueueFull           more views wait for the disk than may wait
│   └── TooMany             one network sends more views than are taken     429 + Retry-After
├── SiteRemoved             the site went while its view was on its way      202, dropped
├── DataFolderInUse         another process owns the data folder           exit 1
├── NewerDatabase           written by a newer Pagetally                   exit 1
└── Refused                 a command that would do harm as it stands      exit 1
"""

from __future__ import annotations

import errno


class PagetallyError(Exception):
    """An error made for people: `str(error)` says what is wrong, `hint` what to do."""

    hint: str = ""
    word: str = "refused"
    """What kind of error it is, for programs."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint


def explain_system(error: OSError) -> PagetallyError:
    """What the system's error means, for people: which file it is about, and what to do."""
    hint = {
        errno.ENOSPC: "Free some space.",
        errno.EACCES: "Run this as the user to whom it belongs.",
        errno.EPERM: "Run this as the user to whom it belongs.",
        errno.EROFS: "It lies where nothing can be written: name another place.",
    }.get(error.errno or 0, "")
    what = f"{error.filename} cannot be used" if error.filename else "the system refused"
    return PagetallyError(f"{what}: {error.strerror or error}", hint=hint)


class InputError(PagetallyError):
    """Something that a sender gave cannot be used; `field` names it."""

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {message}", hint=hint)
        self.field = self.word = field
        self.message = message

    def named(self, field: str) -> InputError:
        """The same error, of the field as whoever sent it calls it."""
        return type(self)(field, self.message, hint=self.hint)


class TooLarge(InputError):
    """A request of more bytes than its endpoint takes."""


class Unavailable(PagetallyError):
    """Not stored; the same request may be sent again after `retry_after` seconds."""

    word = "unavailable"
    retry_after: int = 2
    status: int = 503
    """The HTTP status that says so."""


class StoreBusy(Unavailable):
    """Another process holds the write lock of the database file."""

    word = "busy"


class StoreFailed(Unavailable):
    """The database refused."""

    word = "database"


class DiskFailed(StoreFailed):
    """The disk is full, damaged or gone: nothing can be stored until somebody has mended that."""

    word = "disk"


class QueueFull(Unavailable):
    """As many views wait for the disk as may wait."""

    word = "queue-full"


class TooMany(Unavailable):
    """More views come from one network than are taken; `retry_after` says when there is room again."""

    word = "rate-limit"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("more views come from your network than are taken")
        self.retry_after = retry_after


class SiteRemoved(PagetallyError):
    """The site of a view was removed before the view was stored."""


class DataFolderInUse(PagetallyError):
    """A data folder belongs to one process at a time."""


class NewerDatabase(PagetallyError):
    """The database was written by a newer version, and this one would harm it."""


class Refused(PagetallyError):
    """A command that would do harm as it stands, such as importing the same file twice."""
