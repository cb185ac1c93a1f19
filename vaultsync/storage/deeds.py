"""What the last run did, so that it can be taken back: kept in state, forgotten when the next run does something."""

from __future__ import annotations

import msgspec

from vaultsync.hookspecs import Edit
from vaultsync.storage.entry import Entry
from vaultsync.storage.state import State


class FileDeed(msgspec.Struct, frozen=True, array_like=True):
    """One file that was changed. was: its text, None if there was none; now: digest, None if it was moved to .trash."""

    path: str
    was: str | None
    now: bytes | None


class Made(msgspec.Struct, frozen=True, array_like=True):
    """A highlight that was made, as the source had it then."""

    id: str
    text: str
    note: str
    tags: tuple[str, ...]


class Deed(msgspec.Struct, frozen=True, array_like=True):
    """What was done about one document.

    before: its entry, None if it was new. sent: edits, in the order they were sent. removed: highlights that were
    deleted at the source, "" for the document itself. made: highlights that were made of passages in the note.
    """

    id: str
    before: Entry | None
    files: tuple[FileDeed, ...] = ()
    sent: tuple[Edit, ...] = ()
    removed: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()


_DEEDS = msgspec.msgpack.Decoder(Deed)


class Journal(msgspec.Struct):
    """Takes down what one run does."""

    state: State
    begun: bool = False

    def note(self, deed: Deed) -> None:
        """Take down a deed, within the transaction that remembers it; the first one of a run makes it the last run."""
        if not self.begun:
            self.state.forget_deeds()
            self.begun = True
        self.state.add_deed(msgspec.msgpack.encode(deed))


def last_deeds(state: State) -> tuple[tuple[int, Deed], ...]:
    """What the last run that did anything did, by number, in order."""
    return tuple((number, _DEEDS.decode(deed)) for number, deed in state.deeds())
