"""The push, step by step: what was changed in notes goes to its source, each edit after a fresh look at what is there.

This module calls the steps in order and decides nothing: what may be sent, and what becomes of an edit after the fresh
look, is decided in sending/outbox.py, and what the service's answers do to the note in drafting/decisions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from vaultsync.desk import Desk
from vaultsync.drafting.decisions import Draft
from vaultsync.errors import (
    AuthError,
    ConfigError,
    NoteGone,
    PluginError,
    RateLimited,
    SafetyStop,
    SourceError,
    Unreachable,
    VaultError,
    VaultsyncError,
)
from vaultsync.hookspecs import Source
from vaultsync.plan import SAVED_SINCE, Action, guard_edits
from vaultsync.report import Change
from vaultsync.rounds import Round
from vaultsync.sending.aliases import AWAY
from vaultsync.sending.fates import RESTORED, Fate, Outgoing
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace

if TYPE_CHECKING:
    from vaultsync.open_note import OpenNote


_NOT_YET = "Its template has changed, and the note is to be rendered by the new one before; that was put off."


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
        desk = Desk(self._workspace, self.run)
        opened = [note for note in self._opened(desk, chosen) if note.entry.source in chosen]
        boxes = [(note, self._outbox(chosen[note.entry.source], note)) for note in opened]
        stop = self._stop(boxes)
        if stop is not None:
            self.run.tally.stop = stop
            boxes = [(note, _waiting(box, stop.message)) for note, box in boxes]
        boxes = [self._by_todays_template(desk, chosen[note.entry.source], note, box) for note, box in boxes]
        for name, source in chosen.items():
            self._send(source, [(note, box) for note, box in boxes if note.entry.source == name])
            self._bring_news(source, [note for note in opened if note.entry.source == name])
        self._forget_made()
        deleting = [name for name in chosen if self._workspace.deletes(name)]
        in_bounds = self.run.bounds.deletions and self.run.bounds.at is None
        if deleting and in_bounds and not self.options.only and stop is None:
            from vaultsync.sending.deletions import Deletions

            Deletions(self.run, self.options.yes).everything({name: chosen[name] for name in deleting}, opened)

    def _forget_made(self) -> None:
        begun = self._workspace.state.all_creating()
        if begun and not self.run.dry:
            from vaultsync.sending.creating import forget_made

            forget_made(self.run, begun)

    def _opened(self, desk: Desk, chosen: Mapping[str, Source]) -> list[OpenNote]:
        """Every note that may hold edits; what can't be read is an error, and nothing of it is sent.

        News that were written and could not be remembered, as on a disk that fails, are no edits: the next run sees
        to them.
        """
        notes: list[OpenNote] = []
        unfinished = self._workspace.state.being_merged()
        every = desk.every(besides=self.run.bounds.unread)
        named = (desk.note(wanted, chosen) for wanted in self.options.only)
        for note in named if self.options.only else every:
            if isinstance(note, VaultsyncError):
                self._unopened(note)
            elif note.place.digest == note.base.digest or note.place.digest not in unfinished:
                notes.append(note)
        return notes

    def _unopened(self, error: VaultsyncError) -> None:
        """Tell why a note can't be read; one that is elsewhere by now is no failure, and is found by the next run."""
        if isinstance(error, NoteGone):
            self.run.tally.note(Change(Action.LEAVE, error.document, error.path, SAVED_SINCE))
        else:
            self.run.tally.fail(error)

    def _by_todays_template(
        self, desk: Desk, source: Source, note: OpenNote, box: tuple[Outgoing, ...]
    ) -> tuple[OpenNote, tuple[Outgoing, ...]]:
        """A note and its edits; if they are to be sent and its template has changed, it is rendered again first.

        By another template than the one that made a note it can't be made sure what was edited in it.
        """
        if not (note.is_outdated(self._workspace) and any(one.fate is Fate.SEND for one in box)):
            return note, box
        self.run.bounds.between()
        self.run.drafts.settle(source, [Draft(replace(note.entry, pending=True), note.entry)])
        try:
            anew = desk.opened(note.entry.id)
        except (ConfigError, PluginError, SourceError, VaultError) as error:
            self._unopened(error)
            return note, _waiting(box, _NOT_YET)
        return anew, _waiting(box, _NOT_YET) if anew.is_outdated(self._workspace) else self._outbox(source, anew)

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
        if not boxes:
            return
        from vaultsync.sending.sender import Sender  # it brings all that reads notes back

        failed: SourceError | None = None
        # Reviews last: what was typed in a document's own note has been sent by then, and the look there finds it.
        for note, box in sorted(boxes, key=lambda pair: pair[0].entry.is_review):
            sending = [one for one in box if one.fate is Fate.SEND]
            self.run.tally.outgoing += [one for one in box if one.fate is not Fate.SEND]
            if not sending:
                continue
            if failed is not None:
                self.run.tally.outgoing += _waiting(sending, failed.message)
                continue
            self.run.bounds.between()
            sender = Sender(self.run, source, note)
            try:
                sender.send(sending)
            except (SourceError, PluginError) as error:
                self.run.tally.fail(error)  # the export of a sync may have met it before
                failed = error if isinstance(error, AuthError | RateLimited | Unreachable) else None
                done = {one.edit for one in sender.done}
                sender.done += _waiting([one for one in sending if one.edit not in done], error.message)
            self.run.tally.outgoing += sender.done
            sender.settle()

    def _bring_news(self, source: Source, notes: Iterable[OpenNote]) -> None:
        """Bring blocks that were in no note for a while, and are in one again, what was new meanwhile.

        And have notes count their conflicts again that a block with one was taken out of.
        """
        miscounted = self.run.survey.is_miscounted
        names = [note.entry.id for note in notes if note.has_returned or miscounted(note.entry.id)]
        entries = [entry for entry in map(self._workspace.state.entry, names) if entry is not None]
        drafts = [
            Draft(replace(entry, pending=True), entry) for entry in entries if _is_away(entry) or miscounted(entry.id)
        ]
        if drafts:
            self.run.drafts.settle(source, drafts)


def _is_away(entry: Entry) -> bool:
    """Whether any of its blocks was in no note when its news came."""
    return any(alias.field == AWAY for alias in entry.aliases)


def _waiting(box: Iterable[Outgoing], why: str) -> tuple[Outgoing, ...]:
    """Edits that are not sent in this run."""
    return tuple(replace(one, fate=Fate.WAIT, why=why) if one.fate is Fate.SEND else one for one in box)
