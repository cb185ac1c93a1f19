"""What becomes of an edit, as values: decided in outbox.py and after the look at the source, told in the report."""

from __future__ import annotations

from enum import Enum

import msgspec

from vaultsync.hookspecs import Edit, NewHighlight

RESTORED = (
    'The note is back at an earlier text, as if restored from a backup; if that is meant, run "vaultsync push --yes".'
)


class Fate(Enum):
    """What becomes of an edit."""

    SEND = "to be sent"
    SENT = "sent"
    AGREED = "at the source already"
    CONFLICT = "in conflict"
    REFUSED = "can't be sent"
    WAIT = "waiting"


class Outgoing(msgspec.Struct, frozen=True):
    """One edit and what becomes of it. path: of the note; block: its anchor, "" for the document. why: a sentence.

    new: the highlight that is to be made, if that is what is wanted; the edit is of the field "highlight" then.
    """

    edit: Edit
    path: str
    block: str
    fate: Fate
    why: str = ""
    new: NewHighlight | None = None
