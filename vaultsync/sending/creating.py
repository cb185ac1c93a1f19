"""Make highlights of passages that were marked in a document's note: each once, whatever happens to the answer.

Order: the passage's token is stored, the highlight is made, its id is stored, its tags are added; when all of that is
known from the source, the block takes the callout's place in the note (drafting/decisions.py), and the token is
forgotten. After a crash in between the token says that there may be a highlight of that text, and a look at the
document finds it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from vaultsync.errors import Unreachable, VaultError
from vaultsync.hookspecs import Edit, Fetch, Highlighter, NewHighlight, Receipt, Source
from vaultsync.model import Document, Highlight
from vaultsync.note import torn
from vaultsync.open_note import OpenNote
from vaultsync.plan import OnDisk
from vaultsync.rounds import Round
from vaultsync.sending.creations import (
    ALREADY,
    APART,
    DIFFERS,
    difference,
    gone,
    made_of,
    missing_tags,
    token,
)
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.storage.deeds import Deed, Made
from vaultsync.storage.entry import Creation, Entry

_GONE = "The document is gone at the source."


class Creating:
    """The passages of one document's note. entry: as it is remembered by now."""

    def __init__(self, run: Round, source: Source, note: OpenNote, entry: Entry) -> None:
        assert isinstance(source, Highlighter), "what a source can't make is not sent"
        self._run, self._source, self._maker, self._note = run, source, source, note
        self.entry = entry

    def look(self) -> None:
        """Ask for the whole document anew, and remember it. Raises SourceError."""
        state, record = self._run.workspace.state, self.entry.record
        keys = state.keys_of(self.entry.id)
        for page in self._source.pages(Fetch(state.cursor(self._source.name), only=keys)):
            for piece in page.pieces:
                if piece.key in keys:
                    record = self._source.absorb(record, piece)
        self._keep(record)

    def made(self, one: Outgoing) -> Outgoing:
        """Make a highlight of one passage, unless it is one; say what became of it. Raises SourceError."""
        new = one.new
        assert new is not None, "it asks for a highlight"
        name = token(self.entry.id, new.text)
        creation = next(
            (each for each in self._run.workspace.state.creating(self.entry.id) if each.token == name), None
        )
        document = self._document()
        found = made_of(new.text, document, creation.highlight if creation else "")
        if document.deleted or (found is None and creation is not None and creation.highlight):
            return replace(one, fate=Fate.REFUSED, why=_GONE if document.deleted else APART)
        if found is not None and creation is None:
            return replace(one, fate=Fate.REFUSED, why=ALREADY.format(found.block_id))
        if self._run.dry:
            return one
        if found is None:
            found = self._sent(one.edit, new, creation or Creation(name, self._run.workspace.now))
        if found is None:
            return replace(one, fate=Fate.REFUSED, why=APART)
        return self._finished(one, new, found)

    def _sent(self, edit: Edit, new: NewHighlight, creation: Creation) -> Highlight | None:
        """Send a passage, and find the highlight in the document as it is then."""
        state, host = self._run.workspace.state, self._run.workspace.host
        state.put_creating(self.entry.id, creation)
        self._run.tally.errors += host.before_push(edit)
        lost: Unreachable | None = None
        try:
            creation = msgspec.structs.replace(
                creation, highlight=self._maker.highlighted(self.entry.record, new, creation.at)
            )
            state.put_creating(self.entry.id, creation)
        except Unreachable as error:
            lost = error  # the answer alone, perhaps
        self.look()
        found = made_of(new.text, self._document(), creation.highlight)
        if found is None and lost is not None:
            raise lost
        if found is not None:
            self._run.tally.errors += host.after_push(Receipt(edit, found.text))
        return found

    def _finished(self, one: Outgoing, new: NewHighlight, found: Highlight) -> Outgoing:
        """Give the highlight its tags, and take down that it was made."""
        missing = missing_tags(new, found)
        if missing:
            edit = Edit(self.entry.id, found.id, "tags", found.tags, (*found.tags, *missing))
            self._keep(self._source.applied(self.entry.record, edit))
            found = made_of(new.text, self._document(), found.id) or found
        made = Made(found.id, found.text, found.note, found.tags)
        self._run.journal.note(Deed(self.entry.id, self._note.entry, made=(made,)))
        other = difference(new, found)
        if other:
            return replace(one, fate=Fate.REFUSED, block=found.block_id, why=DIFFERS.format(other, found.block_id))
        return replace(one, fate=Fate.SENT, block=found.block_id)

    def _document(self) -> Document:
        return self._source.document(self.entry.record)

    def _keep(self, record: bytes) -> None:
        """Remember what the source said."""
        state = self._run.workspace.state
        self.entry = msgspec.structs.replace(self.entry.told(record), pending=True)
        with state.transaction():
            state.put(self.entry)
            # What came in under its keys says otherwise now, should it come in again.
            state.put_pieces(self.entry.id, dict.fromkeys(state.keys_of(self.entry.id)))


def forget_made(run: Round, all_begun: Mapping[str, tuple[Creation, ...]]) -> None:
    """Forget the tokens of passages whose callouts are gone: their blocks are in, or their user took them out.

    all_begun: what is being made, by entry.
    """
    done: list[bytes] = []
    for identity, begun in all_begun.items():
        place = run.survey.place(identity)
        if place.on_disk is OnDisk.NOWHERE and run.bounds.at is None:
            done += [one.token for one in begun]
        elif place.found is not None:
            done += gone(begun, identity, text) if (text := _whole(run, place.path)) else ()
    if done:
        run.workspace.state.have_created(done)


def _whole(run: Round, path: str) -> str:
    """What a note holds; "" if it can't be read, or half of it."""
    try:
        data = run.vault.read(path) or b""
    except VaultError:
        return ""
    return "" if torn(data, "") else data.decode()
