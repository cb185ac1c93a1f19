"""Send the edits of one document: each after a fresh look, and then agree on what the source has.

The service is changed first and state last, edit by edit: after a crash in between the fresh look finds the edit done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from msgspec.structs import replace

from vaultsync.drafting.decisions import Draft
from vaultsync.hookspecs import Edit, Receipt, Source
from vaultsync.model import REVIEWS, Document, Value
from vaultsync.open_note import OpenNote
from vaultsync.rounds import Round
from vaultsync.sending.aliases import arrived, heard, learned, with_sent, with_unheard
from vaultsync.sending.creating import Creating
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.sending.outbox import fate_of, value_of
from vaultsync.storage.deeds import Deed
from vaultsync.storage.entry import Entry

_NOT_TAKEN = "The service answered that all is well, and did not take it."
_WHY = {
    Fate.CONFLICT: "It was changed at the source too; both are in the note now.",
    Fate.REFUSED: "It is of something that is gone at the source.",
}


class Sender:
    """Sends the edits of one document. done: what became of each, so far."""

    def __init__(self, run: Round, source: Source, note: OpenNote) -> None:
        self._run, self._source, self._note = run, source, note
        self._entry = note.entry
        self._looked = False
        self._reviewed: dict[str, Entry] = {}
        self.done: list[Outgoing] = []

    def send(self, sending: Sequence[Outgoing]) -> None:
        """Look at what is there, and send what is still wanted. Raises SourceError."""
        self._reviewed = dict(self._documents(sending)) if self._note.base.category == REVIEWS else {}
        edits_alone = [one for one in sending if one.new is None]
        for owner, edits in groupby(edits_alone, key=lambda one: one.edit.owner):
            for one in self._looked_at(owner, list(edits)):
                self.done.append(self._sent(one))
        self._create([one for one in sending if one.new is not None])

    def _create(self, passages: Sequence[Outgoing]) -> None:
        """Make highlights of passages that were marked in the note. Raises SourceError."""
        if not passages:
            return
        creating = Creating(self._run, self._source, self._note, self._entry)
        self._looked = True
        try:
            creating.look()
            for one in passages:
                self.done.append(creating.made(one))
        finally:
            self._entry = creating.entry

    def _looked_at(self, owner: str, edits: Sequence[Outgoing]) -> list[Outgoing]:
        """Ask how it is now, and remember that and what is about to be sent; the edits, as what is agreed now has them.

        Raises SourceError.
        """
        record = self._source.refreshed(self._entry.record, owner)
        self._looked = True
        self._entry = self._entry.told(record)
        newest = self._newest()
        known = arrived(self._entry.aliases, newest) if newest is not None else {}
        ours = [replace(one, edit=_since(one.edit, known)) for one in edits]
        sending = [one.edit for one in ours if fate_of(one.edit, self._now(one.edit)) is Fate.SEND]
        self._keep(replace(self._entry, aliases=with_unheard(self._entry.aliases, sending)))
        return ours

    def _sent(self, one: Outgoing) -> Outgoing:
        """Do with one edit what is to be done after the fresh look."""
        edit = one.edit
        fate = fate_of(edit, self._now(edit))
        if fate is Fate.AGREED:
            self._entry = _agreed(self._entry, edit)
        if fate is not Fate.SEND:
            return replace(one, fate=fate, why=_WHY.get(fate, ""))
        if self._run.dry:
            return one
        host = self._run.workspace.host
        self._run.tally.errors += host.before_push(edit)
        record = self._source.applied(self._entry.record, edit)
        self._keep(self._entry.told(record), edit)
        taken = fate_of(edit, self._now(edit)) is not Fate.SEND
        value = self._now(edit)
        self._run.tally.errors += host.after_push(Receipt(edit, value if value is not None else ""))
        return replace(one, fate=Fate.SENT) if taken else replace(one, fate=Fate.REFUSED, why=_NOT_TAKEN)

    def _now(self, edit: Edit) -> str | tuple[str, ...] | None:
        """What the source says of an edit's field, in the note's spelling."""
        newest = self._newest()
        return None if newest is None else value_of(newest, edit)

    def _newest(self) -> Document | None:
        """The document as the source told it last, in the note's spelling; None if a plugin leaves it out."""
        return self._run.drafts.decider.document(self._source, self._entry, self._entry.record)

    def _keep(self, entry: Entry, edit: Edit | None = None) -> None:
        """Remember what the source said; and that an edit was sent, with how the source spells it."""
        state = self._run.workspace.state
        entry = replace(entry, pending=True)
        if edit is not None:
            document = self._source.document(entry.record)
            entry = replace(entry, aliases=heard(entry.aliases, edit))
            if value_of(document, edit) != edit.before:
                entry = replace(entry, aliases=learned(document, [edit], entry.aliases))
                entry = _agreed(entry, edit)
        with state.transaction():
            state.put(entry)
            if edit is not None:
                # What came in under its keys says otherwise now, should it come in again.
                state.put_pieces(entry.id, dict.fromkeys(state.keys_of(entry.id)))
                self._run.journal.note(Deed(entry.id, self._note.entry, sent=(edit,)))
        self._entry = entry

    def settle(self) -> None:
        """Agree on what is at the source now; what else has changed there arrives in the note.

        After a review also in the notes of the documents its highlights are from.
        """
        if self._looked:
            state, drafts = self._run.workspace.state, [Draft(self._entry, self._note.entry)]
            drafts += [Draft(entry, was) for name, was in self._reviewed.items() if (entry := state.entry(name))]
            self._run.drafts.settle(self._source, drafts)

    def _documents(self, sending: Sequence[Outgoing]) -> Iterator[tuple[str, Entry]]:
        """What is remembered of the documents that these edits in a review are about."""
        owners = {one.edit.owner for one in sending}
        for highlight in self._note.newest.highlights:
            name = str(highlight.extra["document"]) if highlight.id in owners else ""
            entry = self._run.workspace.state.find((name,)) if name else None
            if entry is not None:
                yield entry.id, entry


def _since(edit: Edit, arrived: Mapping[tuple[str, str], Value]) -> Edit:
    """An edit, by what arrived before it unheard: that is no news to it, unless it would empty the field."""
    was = arrived.get((edit.owner, edit.field), edit.before)
    return replace(edit, before=was) if edit.after else edit


def _agreed(entry: Entry, edit: Edit) -> Entry:
    """The entry, where the source has taken an edit: who types on types over that, and not over what was before."""
    assert entry.base is not None, "its note was read"
    # Should the note be as it was written again, what was sent has been taken back there.
    base = replace(entry.base, mine=True)
    return replace(entry, base=base, aliases=with_sent(entry.aliases, edit))
