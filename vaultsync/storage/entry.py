"""What vaultsync remembers about one document, as a plan needs it. No I/O."""

from __future__ import annotations

from datetime import datetime

import msgspec

from vaultsync.model import REVIEWS
from vaultsync.sending.aliases import Alias


# Structs, as in model.py: a run looks over 10,000 rows.
class Base(msgspec.Struct, frozen=True):
    """The text both sides last agreed on, and the note as vaultsync last wrote or saw it.

    text: the agreed rendering; spans: where its values are, opaque; template: fingerprint of what rendered it.
    digest, size (bytes), mtime_ns, inode: of the whole note, user text included. mine: it holds words of its user's,
    so what it holds is not `text`. conflicts: how many it holds. record: what `text` was rendered from, None if that is
    the entry's own, which is the newest.
    """

    text: str
    spans: bytes
    template: str
    category: str
    digest: bytes
    size: int
    mtime_ns: int
    inode: int
    mine: bool = False
    conflicts: int = 0
    record: bytes | None = None


class Entry(msgspec.Struct, frozen=True):
    """What is known about one document.

    record: the source's own bytes. path and base are None while it has no note. pending: work was left over.
    aliases: values the source spells otherwise than the note they were typed in.
    """

    id: str
    source: str
    record: bytes
    path: str | None = None
    base: Base | None = None
    pending: bool = False
    aliases: tuple[Alias, ...] = ()

    @property
    def agreed(self) -> bytes:
        """The record its base was rendered from."""
        return self.record if self.base is None or self.base.record is None else self.base.record

    @property
    def is_review(self) -> bool:
        """Whether its note is of a daily review, which only repeats other documents."""
        return self.base is not None and self.base.category == REVIEWS

    def told(self, record: bytes) -> Entry:
        """The entry with a newer record; what its base was rendered from is kept as long as that differs."""
        if self.base is None or record == self.record:
            return msgspec.structs.replace(self, record=record)
        agreed = None if record == self.agreed else self.agreed
        return msgspec.structs.replace(self, record=record, base=msgspec.structs.replace(self.base, record=agreed))


class Creation(msgspec.Struct, frozen=True):
    """A highlight that is being made of a passage in a note (sending/creations.py).

    token: what the passage is known by. at: when it was first sent. highlight: its id, "" if that is not known.
    """

    token: bytes
    at: datetime
    highlight: str = ""


class Counts(msgspec.Struct, frozen=True):
    """How many documents are known, how many have notes, and for how many work was left over."""

    documents: int
    notes: int
    pending: int


class Row(msgspec.Struct, frozen=True, gc=False):
    """An entry that has a note, and no more of it than tells whether the note is as it was left. mine: 0 or 1."""

    id: str
    path: str
    digest: bytes
    size: int
    mtime_ns: int
    inode: int
    mine: int = 0
    conflicts: int = 0
