"""Take back what the last run did: in the vault, and at the sources as edits like any other.

A file is given back what it held if nobody touched it since; a value is sent back if the source still has what was
sent. What was changed since stays as it is, and is told. Deed by deed, from the last to the first; each is forgotten
once it is taken back, so that an undo that is cut short goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from vaultsync.disk.vault import Refused, Trashed, Vault, Write, Written, digest
from vaultsync.errors import SourceError, VaultsyncError
from vaultsync.hookspecs import Edit, Source
from vaultsync.rounds import Round
from vaultsync.sending.creations import FIELD
from vaultsync.sending.fates import Fate
from vaultsync.sending.outbox import fate_of, value_of
from vaultsync.storage.deeds import Deed, FileDeed, Made, last_deeds
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace


@dataclass
class Undone:
    """What was taken back. files: paths; edits: what the source was sent; left: sentences about what was not."""

    files: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    errors: list[VaultsyncError] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there was anything to take back."""
        return bool(self.files or self.edits or self.left or self.errors)

    @property
    def exit_code(self) -> int:
        """0 all is as before, 1 something failed, 3 something was left for its user to decide."""
        return 1 if self.errors else 3 if self.left else 0


def undo(workspace: Workspace, *, dry: bool) -> Undone:
    """Take back the last run that did anything. Raises VaultsyncError if nothing can be done at all."""
    run = Round(workspace, dry, meant=False, announce=lambda _: None)
    run.look()
    undone = Undone()
    for number, deed in reversed(last_deeds(workspace.state)):
        try:
            _Undoing(run, deed, undone).everything(number)
        except SourceError as error:
            undone.errors.append(error)
    if undone and not dry:
        workspace.history.append(_diary(run, undone))
    return undone


def _diary(run: Round, undone: Undone) -> dict[str, object]:
    """What the history keeps of it: what it does of any run, and how much was taken back."""
    run.tally.errors[:] = undone.errors
    return {
        "ended": run.workspace.now.isoformat(),
        "command": "undo",
        "full": [],
        "exit": undone.exit_code,
        "taken_back": {"notes": len(undone.files), "edits": len(undone.edits)},
        **run.report().as_json(),
    }


@dataclass
class _Undoing:
    """One deed being taken back."""

    run: Round
    deed: Deed
    undone: Undone

    @property
    def _id(self) -> str:
        """What the document is called now: one of Reader gets the id of its book, maybe later in the same run."""
        return self.run.workspace.state.entry_of(self.deed.id) or self.deed.id

    def everything(self, number: int) -> None:
        """At the source first, then in the vault, then in state."""
        state = self.run.workspace.state
        entry = state.entry(self._id)
        if entry is not None and (self.deed.sent or self.deed.removed or self.deed.made):
            entry = self._at_the_source(entry)
        done = [self._file(file) for file in reversed(self.deed.files)]
        if self.run.dry:
            return
        with state.transaction():
            state.forget_deed(number)
            for file in self.deed.files:
                if file.was is not None:  # what we give back is no backup
                    state.forget_past(digest(file.was.encode()))
            if entry is not None:
                taken_back = all(done) and bool(done or self.deed.sent or self.deed.made)
                state.put(self._as_before(entry) if taken_back else msgspec.structs.replace(entry, pending=True))

    def _as_before(self, entry: Entry) -> Entry:
        """What is remembered then: what was agreed before; what the source said since is looked at again."""
        before = self.deed.before
        if before is None:
            return msgspec.structs.replace(entry, path=None, base=None, pending=True)
        told = before.told(entry.record)
        return msgspec.structs.replace(told, id=entry.id, pending=True)

    def _at_the_source(self, entry: Entry) -> Entry:
        """Send back what was sent. Raises SourceError."""
        source = self._source(entry)
        for owner in self.deed.removed:
            if not self.run.dry and self.deed.before is not None:
                source.recreate(self.deed.before.record, owner)
            self.undone.left.append(_MADE_AGAIN if not self.run.dry else _WOULD_BE_MADE_AGAIN)
        for made in reversed(self.deed.made):
            entry = self._unmade(source, entry, made)
        for edit in reversed(self.deed.sent):
            back = replace(edit, before=edit.after, after=edit.before)
            entry = entry.told(source.refreshed(entry.record, edit.owner))
            document = self.run.drafts.decider.document(source, entry, entry.record)
            fate = fate_of(back, None if document is None else value_of(document, back))
            if fate is Fate.SEND:
                if not self.run.dry:
                    entry = entry.told(source.applied(entry.record, back))
                self.undone.edits.append(back)
            elif fate is not Fate.AGREED:
                self.undone.left.append(f"{edit.field} of {entry.path or entry.id} was changed at the source since.")
        return entry

    def _source(self, entry: Entry) -> Source:
        """Where a document came from. Raises SourceError if vaultsync.toml has that no more."""
        source = self.run.workspace.sources.get(entry.source)
        if source is None:
            raise SourceError(
                f"{entry.path or entry.id} is of {entry.source}, which vaultsync.toml has no more. It was left alone.",
                source=entry.source,
                hint=f"Put [sources.{entry.source}] back to have it undone.",
            )
        return source

    def _unmade(self, source: Source, entry: Entry, made: Made) -> Entry:
        """Delete a highlight that was made, unless it is not as it was then. Raises SourceError."""
        entry = entry.told(source.refreshed(entry.record, made.id))
        now = next((one for one in source.document(entry.record).live if one.id == made.id), None)
        if now is None:
            return entry
        if Made(now.id, now.text, now.note, now.tags) != made:
            self.undone.left.append(f"The highlight ^{now.block_id} was changed at the source since; it stays.")
            return entry
        self.undone.edits.append(Edit(entry.id, made.id, FIELD, made.text, ""))
        return entry if self.run.dry else entry.told(source.removed(entry.record, made.id))

    def _file(self, file: FileDeed) -> bool:
        """Give a file back what it held; say whether it holds that now."""
        vault = self.run.drafts.vault
        place = self.run.survey.place(self._id)
        own = self.deed.before.path if self.deed.before is not None else file.path
        path = place.path if place.found is not None and file.path == own else file.path
        if file.was is None and file.now is None:
            return False
        outcome = self._written_back(vault, path, file)
        if isinstance(outcome, Refused):
            self.undone.left.append(f"{path} was changed since; it was left as it is.")
            return False
        if path not in self.undone.files:
            self.undone.files.append(path)
        return True

    def _written_back(self, vault: Vault, path: str, file: FileDeed) -> Written | Trashed | Refused:
        if file.was is None:
            return vault.trash(path, file.now or b"")
        page = vault.write([Write(path, file.was.encode(), file.now)])
        page.settle()
        return page.outcomes[0]


_MADE_AGAIN = "What was deleted at the source was made again; it comes with the next export."
_WOULD_BE_MADE_AGAIN = "What was deleted at the source would be made again; it comes with the next export then."
