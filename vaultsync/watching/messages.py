"""What a watcher and the process of its worker write to each other, an object a line. No I/O."""

from __future__ import annotations

import json
from typing import Any, TypeAlias, TypeVar

import msgspec

from vaultsync.watching.log import Event
from vaultsync.watching.orders import Facts, Order, Outcome, Refreshed, Ripe

_M = TypeVar("_M")
OF_ANOTHER_VERSION = b"another version"
"""All that a process says to who started it and is of another version: no message, for that might not read the same.

An exit code could be a plugin's as well.
"""


class Begin(msgspec.Struct, tag=True, omit_defaults=True):
    """Open the vault. kept: what the worker before has handed on, "" if there was none; nobody else's business.

    expecting: a note was saved, and is to be read in a moment. goodbye: seconds it is given to finish the document at
    hand, once it is to leave or nobody gives orders any more.
    """

    root: str
    allowed: bool
    goodbye: float
    kept: str = ""
    expecting: bool = False


class Refresh(msgspec.Struct, tag=True):
    """Take over what has changed."""


class Look(msgspec.Struct, tag=True):
    """Look at settled files."""

    paths: tuple[str, ...]


class Run(msgspec.Struct, tag=True):
    """Do a run."""

    order: Order


class Leave(msgspec.Struct, tag=True):
    """Leave after the document at hand."""


Work: TypeAlias = Begin | Refresh | Look | Run
Request: TypeAlias = Work | Leave


class Begun(msgspec.Struct, tag=True):
    """It is open. kept: to be handed on to the next worker."""

    facts: Facts
    kept: str


class Renewed(msgspec.Struct, tag=True, omit_defaults=True):
    """What was taken over. kept: to be handed on now, "" if that is as it was."""

    what: Refreshed
    kept: str = ""


class Looked(msgspec.Struct, tag=True):
    """What the files said."""

    ripe: Ripe


class Ran(msgspec.Struct, tag=True):
    """What came of the run."""

    outcome: Outcome


class Said(msgspec.Struct, tag=True):
    """Something that can't wait; the answer is still to come."""

    event: Event


class Refused(msgspec.Struct, tag=True):
    """It could not be done. trouble: as it is told; is_busy: someone else is at work."""

    message: str
    hint: str
    exit_code: int
    trouble: Event
    is_busy: bool


class Left(msgspec.Struct, tag=True):
    """It is leaving, as it was asked to."""


Answer: TypeAlias = Begun | Renewed | Looked | Ran | Said | Refused | Left


def line(message: Request | Answer) -> bytes:
    r"""A message as it is written.

    >>> told(line(Looked(Ripe(frozenset(["caf\udce9.md"])))), Looked).ripe.at
    frozenset({'caf\udce9.md'})
    """
    # Not by msgspec: on Linux a path is bytes, and where those are no text it takes them for no string.
    return json.dumps(msgspec.to_builtins(message)).encode() + b"\n"


def told(written: bytes, kind: type[_M] | Any) -> _M:
    """The message a line holds. kind: one, or a union of them. Raises ValueError."""
    message: _M = msgspec.convert(json.loads(written), kind)
    return message
