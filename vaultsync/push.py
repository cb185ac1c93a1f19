"""The push, step by step: what was changed in notes goes to its source, each edit after a fresh look at what is there.

This module calls the steps in order and decides nothing: what may be sent, and what becomes of an edit after the fresh
look, is decided in sending/outbox.py, and what the service's answers do to the note in drafting/decisions.py. The
service is changed first and state last, edit by edit: after a crash in between the fresh look finds the edit done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
from msgspec.structs import replace

from vaultsync.desk import Desk
from vaultsync.drafting.decisions import Draft
from vaultsync.errors import (
    AuthError,
    PluginError,
    RateLimited,
    SafetyStop,
    SourceError,
    Unreachable,
    VaultsyncError,
)
from vaultsync.hookspecs import Edit, Receipt, Source
from vaultsync.model import REVIEWS
from vaultsync.open_note import OpenNote
from vaultsync.plan import guard_edits
from vaultsync.rounds import Round
from vaultsync.sending.aliases import AWAY, learned
from vaultsync.sending.creating import Creating, forget_made
from vaultsync.sending.deletions import Deletions
from vaultsync.sending.fates import RESTORED, Fate, Outgoing
from vaultsync.sending.outbox import fate_of, value_of
from vaultsync.storage.deeds import Deed
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace


class PushOptions(msgspec.Struct, frozen=True):
    """What a user asked of one push. only: ids, paths or addresses; sources: names, all if empty.

    yes: they mean it, however many edits there are. allow_commands: also text that the service takes for a command.
    """

    only: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    yes: bool = False
    allow_commands: bool = False


@dataclass
class Push:
    """One push, within a run."""

    run: Round
    options: PushOptions

    @property
    def _workspace(self) -> Workspace:
        return self.run.workspace

    def everything(self) -> None:
        """The whole push, in order. Failures are told to the tally."""
        chosen = dict(self.run.chosen(self.options.sources))
        opened = [note for note in self._opened(chosen) if note.entry.source in chosen]
        boxes = [(note, self._outbox(chosen[note.entry.source], note)) for note in opened]
        stop = self._stop(boxes)
        if stop is not None:
            self.run.tally.stop = stop
            boxes = [(note, _waiting(box, stop.message)) for note, box in boxes]
        for name, source in chosen.items():
            self._send(source, [(note, box) for note, box in boxes if note.entry.source == name])
            self._bring_news(source, [note for note in opened if note.entry.source == name])
        forget_made(self.run)
        deleting = [name for name in chosen if self._workspace.deletes(name)]
        in_bounds = self.run.bounds.deletions and self.run.bounds.at is None
        if deleting and in_bounds and not self.options.only and stop is None:
            Deletions(self.run, self.options.yes).everything({name: chosen[name] for name in deleting}, opened)

    def _opened(self, chosen: Mapping[str, Source]) -> list[OpenNote]:
        """Every note that may hold edits; what can't be read is an error, and nothing of it is sent."""
        desk = Desk(self._workspace, self.run)
        notes = []
        every = desk.every(besides=self.run.bounds.unread)
        named = (desk.note(wanted, chosen) for wanted in self.options.only)
        for note in named if self.options.only else every:
            if isinstance(note, VaultsyncError):
                self.run.tally.fail(note)
            else:
                notes.append(note)
        return notes

    def _outbox(self, source: Source, note: OpenNote) -> tuple[Outgoing, ...]:
        try:
            box = note.outbox(source, self._workspace, allow_commands=self.options.allow_commands)
        except SourceError as error:
            self.run.tally.fail(error)
            return ()
        if note.entry.id in self.run.restored and not self.options.yes:
            return _waiting(box, RESTORED)
        return box

    def _stop(self, boxes: Iterable[tuple[OpenNote, Sequence[Outgoing]]]) -> SafetyStop | None:
        """Why nothing is sent at all in this run, if so."""
        sending = sum(one.fate is Fate.SEND for _, box in boxes for one in box)
        try:
            if not self.options.yes:
                guard_edits(sending, self.run.known)
        except SafetyStop as stop:
            return stop
        return None

    def _send(self, source: Source, boxes: Sequence[tuple[OpenNote, Sequence[Outgoing]]]) -> None:
        """Send what one source is to get, document by document; one's failure stops no other, unless it is all's."""
        failed: SourceError | None = None
        # Reviews last: what was typed in a document's own note has been sent by then, and the look there finds it.
        for note, box in sorted(boxes, key=lambda pair: pair[0].base.category == REVIEWS):
            sending = [one for one in box if one.fate is Fate.SEND]
            self.run.tally.outgoing += [one for one in box if one.fate is not Fate.SEND]
            if not sending:
                continue
            if failed is not None:
                self.run.tally.outgoing += _waiting(sending, failed.message)
                continue
            self.run.bounds.between()
            sender = _Sender(self.run, source, note)
            try:
                sender.send(sending)
            except (SourceError, PluginError) as error:
                self.run.tally.errors.append(error)
                failed = error if isinstance(error, AuthError | RateLimited | Unreachable) else None
                done = {one.edit for one in sender.done}
                sender.done += _waiting([one for one in sending if one.edit not in done], error.message)
            self.run.tally.outgoing += sender.done
            sender.settle()

    def _bring_news(self, source: Source, notes: Iterable[OpenNote]) -> None:
        """Bring blocks that were in no note for a while, and are in one again, what was new meanwhile."""
        back = [note.entry.id for note in notes if note.has_returned]
        entries = [entry for entry in map(self._workspace.state.entry, back) if entry is not None]
        drafts = [Draft(replace(entry, pending=True), entry) for entry in entries if _is_away(entry)]
        if drafts:
            self.run.drafts.settle(source, drafts)


class _Sender:
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
            record = self._source.refreshed(self._entry.record, owner)
            self._looked = True
            self._keep(self._entry.told(record))
            for one in edits:
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

    def _sent(self, one: Outgoing) -> Outgoing:
        """Do with one edit what is to be done after the fresh look."""
        edit = one.edit
        fate = fate_of(edit, self._now(edit))
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
        document = self._run.drafts.decider.document(self._source, self._entry, self._entry.record)
        return None if document is None else value_of(document, edit)

    def _keep(self, entry: Entry, edit: Edit | None = None) -> None:
        """Remember what the source said; and that an edit was sent, with how the source spells it."""
        state = self._run.workspace.state
        entry = replace(entry, pending=True)
        if edit is not None:
            document = self._source.document(entry.record)
            if value_of(document, edit) != edit.before:
                entry = replace(entry, aliases=learned(document, [edit], entry.aliases))
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


_NOT_TAKEN = "The service answered that all is well, and did not take it."
_WHY = {
    Fate.CONFLICT: "It was changed at the source too; both are in the note now.",
    Fate.REFUSED: "It is of something that is gone at the source.",
}


def _is_away(entry: Entry) -> bool:
    """Whether any of its blocks was in no note when its news came."""
    return any(alias.field == AWAY for alias in entry.aliases)


def _waiting(box: Iterable[Outgoing], why: str) -> tuple[Outgoing, ...]:
    """Edits that are not sent in this run."""
    return tuple(replace(one, fate=Fate.WAIT, why=why) if one.fate is Fate.SEND else one for one in box)
