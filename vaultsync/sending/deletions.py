"""Delete at a source what its user deleted in the vault: only where vaultsync.toml asks for it, guarded, journalled.

A block counts as deleted if its anchor is in no note of the vault and its text is not in its own note either; a note,
if no file has its id. What was changed at the source since both sides last agreed is kept there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from vaultsync.drafting.decisions import Draft, highlights_in
from vaultsync.errors import AuthError, RateLimited, SafetyStop, SourceError, Unreachable
from vaultsync.hookspecs import Edit, Keeper, Source
from vaultsync.model import REVIEWS, Document, Highlight, with_values
from vaultsync.open_note import OpenNote
from vaultsync.plan import OnDisk, guard_deletions
from vaultsync.rounds import Round
from vaultsync.sending.aliases import as_last_shown, localized, sent
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.storage.deeds import Deed
from vaultsync.storage.entry import Entry

# What a reader would miss; the rest (times, places) services change by themselves.
DELETED = "deleted"
_WORDS = ("text", "note", "tags")


@dataclass(frozen=True, slots=True)
class Deletion:
    """One thing its user deleted. owner: the highlight's id, "" for the document."""

    entry: Entry
    owner: str


@dataclass
class Deletions:
    """The deletions of one push. yes: the user means them, however many there are."""

    run: Round
    yes: bool

    def everything(self, sources: Mapping[str, Source], opened: Sequence[OpenNote]) -> None:
        """Find them, guard them, make them. Failures are told to the tally."""
        wanted = [*self._blocks(sources, opened), *self._notes(sources)]
        try:
            if not self.yes:
                self._guard(wanted)
        except SafetyStop as stop:
            self.run.tally.stop = stop
            return
        for one in wanted:
            try:
                self._delete(sources[one.entry.source], one)
            except (AuthError, RateLimited, Unreachable) as error:
                self.run.tally.fail(error)
                return
            except SourceError as error:  # it can't be deleted there
                self._tell(one, Fate.REFUSED, str(error))

    def _blocks(self, sources: Mapping[str, Source], opened: Sequence[OpenNote]) -> list[Deletion]:
        """Blocks that are in no note: neither their anchors, in any file, nor anything like their text."""
        found = []
        for note in opened:
            if note.entry.source not in sources or not note.held.note.endswith("\n"):
                continue  # a file without its last line end may be half a file
            if note.base.category == REVIEWS:
                continue  # its blocks are about highlights that have blocks of their own
            live = {highlight.id for highlight in note.newest.live}
            missing = [owner for owner in note.readings[""].absent if owner in live]
            names = {block.id: block.block_id for block in note.agreed.layout.blocks}
            standing, strays = note.without_anchor, self.run.drafts.decider.strays
            anywhere = strays.anywhere({names[owner] for owner in missing}) if missing else frozenset()
            found += [
                Deletion(note.entry, owner)
                for owner in missing
                if names[owner] not in anywhere and owner not in standing
            ]
        return found

    def _notes(self, sources: Mapping[str, Source]) -> list[Deletion]:
        state = self.run.workspace.state
        gone = [row.id for row in list(state.rows()) if self.run.survey.place(row.id).on_disk is OnDisk.NOWHERE]
        found = (entry for entry in map(state.entry, gone) if entry is not None and entry.base is not None)
        entries = [entry for entry in found if entry.source in sources and not entry.is_review]
        return [Deletion(entry, "") for entry in entries if not sources[entry.source].document(entry.record).deleted]

    def _guard(self, wanted: Sequence[Deletion]) -> None:
        documents = sum(not one.owner for one in wanted)
        highlights = len(wanted) - documents
        total = 0
        if highlights > 5:
            state = self.run.workspace.state
            entries = (state.entry(row.id) for row in list(state.rows()))
            total = sum(highlights_in(entry.base) for entry in entries if entry and entry.base)
        guard_deletions(documents, self.run.known + documents, highlights, total)

    def _delete(self, source: Source, one: Deletion) -> None:
        """Delete one thing after a fresh look at it. Raises SourceError."""
        state = self.run.workspace.state
        before = state.entry(one.entry.id)
        assert before is not None, "it was just read"
        entry = before.told(source.refreshed(before.record, one.owner))
        was, now = (localized(source.document(one), before.aliases) for one in (before.agreed, entry.record))
        if _changed(with_values(as_last_shown(was, before.aliases), sent(before.aliases)), now, one.owner):
            self._tell(one, Fate.REFUSED, "It was changed at the source since; it was kept there.")
        elif self.run.dry:
            why = source.undeletable(entry.record, one.owner) if isinstance(source, Keeper) else ""
            self._tell(one, Fate.REFUSED if why else Fate.SEND, why)
            return
        else:
            entry = entry.told(source.removed(entry.record, one.owner))
            self._tell(one, Fate.SENT)
            with state.transaction():
                state.put(msgspec.structs.replace(entry, pending=True))
                state.put_pieces(entry.id, dict.fromkeys(state.keys_of(entry.id)))
                self.run.journal.note(Deed(entry.id, before, removed=(one.owner,)))
        self.run.drafts.settle(source, [Draft(entry, before)], removals=True)

    def _tell(self, one: Deletion, fate: Fate, why: str = "") -> None:
        """Report a deletion as the edit it is."""
        entry = one.entry
        document = self.run.workspace.sources[entry.source].document(entry.agreed)
        block = next((highlight.block_id for highlight in document.highlights if highlight.id == one.owner), "")
        edit = Edit(entry.id, one.owner, DELETED, "no", "yes")
        self.run.tally.outgoing.append(Outgoing(edit, entry.path or "", block, fate, why))


def _changed(was: Document, now: Document, owner: str) -> bool:
    """Whether the source says something else of it than was agreed, or has it no more."""
    if not owner:
        said = [(getattr(was, name), getattr(now, name)) for name in ("title", "summary", "note", "tags")]
        lost = [_words(one) for one in was.live] != [_words(one) for one in now.live]
        return now.deleted or lost or any(one != other for one, other in said)
    before = next((one for one in was.live if one.id == owner), None)
    after = next((one for one in now.live if one.id == owner), None)
    return before is None or after is None or _words(before) != _words(after)


def _words(highlight: Highlight) -> tuple[object, ...]:
    return tuple(getattr(highlight, name) for name in _WORDS)
