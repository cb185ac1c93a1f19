"""Notes that hold words of their user's, opened and read: what was changed, what is in conflict, what can't be told.

For whoever looks at single notes (status, diff, resolve) or at all that were edited. Writes only an answer to
conflicts, and remembers it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from vaultsync.conflicts import Callout, count, found
from vaultsync.decisions import Decider, half_written
from vaultsync.edits import edits
from vaultsync.entry import Base, Entry, Row
from vaultsync.errors import ConfigError, VaultError
from vaultsync.hookspecs import Edit, Source
from vaultsync.lens import Reading, Refusal
from vaultsync.lookup import document_id
from vaultsync.model import Document
from vaultsync.note import torn
from vaultsync.outbox import Copy, Outgoing, Rules, outbox
from vaultsync.plan import OnDisk
from vaultsync.reconcile import Agreed, Held, parts, readings, together
from vaultsync.resolve import resolved
from vaultsync.strays import Strays
from vaultsync.survey import Place, Survey, survey
from vaultsync.vault import Refused, Write, Written, digest
from vaultsync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OpenNote:
    """One document's note as it is, beside what both sides last agreed on. newest: as the source last told it."""

    entry: Entry
    base: Base
    place: Place
    agreed: Agreed
    held: Held
    readings: Mapping[str, Reading]
    newest: Document

    @property
    def path(self) -> str:
        """Where the note is."""
        return self.place.path

    @property
    def reading(self) -> Reading:
        """What the note says, and others that hold blocks of it."""
        return together(self.readings)

    @property
    def conflicts(self) -> tuple[Callout, ...]:
        """The conflicts the note holds."""
        return tuple(one for one in found(self.held.note) if one.kind == "conflict")

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Fields of which it can't be told what their user made of them."""
        return self.reading.refusals

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fields its user changed."""
        return edits(self.agreed.document, self.reading)

    def outbox(self, source: Source, workspace: Workspace, *, allow_commands: bool = False) -> tuple[Outgoing, ...]:
        """The fields its user changed, and what stands against sending each."""
        if not self.edits:
            return ()

        def read_only(edit: Edit) -> str:
            return workspace.lint(self.agreed.document.category).why_read_only(edit.owner, edit.field)

        def command(edit: Edit) -> str:
            return "" if allow_commands else source.command(edit)

        rules = Rules(source.refusal, read_only, command, workspace.render_note)
        return outbox(Copy(self.path, self.agreed, self.held, self.readings, self.newest), rules)


class Desk:
    """Opens notes of one vault, by what is remembered of them. Asks no service."""

    def __init__(
        self, workspace: Workspace, seen: Survey | None = None, whole: Callable[[], Survey] | None = None
    ) -> None:
        """Open the desk. seen: where the notes are, if that is known; whole: where all are, if those are only some."""
        self._workspace = workspace
        state = workspace.state
        self.survey: Survey = seen or survey(workspace.vault, self.rows, state.entry_of, state.being_written())
        self._whole = whole or (lambda: self.survey)

    @cached_property
    def rows(self) -> list[Row]:
        """What is remembered of every note."""
        return [row for row in self._workspace.state.rows() if row.path]

    @cached_property
    def _decider(self) -> Decider:
        vault = self._workspace.vault
        return Decider(
            vault, self.survey, Strays(vault, self._whole), self._workspace.renders, self._workspace.state.tags
        )

    def every(self, besides: Collection[str] = frozenset()) -> Iterator[OpenNote | VaultError]:
        """Every note that holds words of its user's, or why it can't be read. besides: paths of notes left out."""
        for name, place in sorted(self.survey.places.items()):
            if place.on_disk is OnDisk.EDITED and place.path not in besides:
                try:
                    yield self._open(name)
                except VaultError as error:
                    yield error

    def note(self, wanted: str) -> OpenNote:
        """The note that is meant by a path, an id or an address. Raises ConfigError, VaultError."""
        workspace = self._workspace
        return self._open(document_id(wanted, sources=workspace.sources, state=workspace.state, vault=workspace.vault))

    def _open(self, identity: str) -> OpenNote:
        place, entry = self.survey.place(identity), self._workspace.state.entry(identity)
        if entry is None or entry.base is None or place.found is None:
            raise ConfigError(
                f"{identity} has no note that vaultsync knows. Nothing was touched.",
                hint='"vaultsync export" takes over notes it finds; "vaultsync restore" brings back a deleted one.',
            )
        data = self._workspace.vault.read(place.path) or b""
        reason = torn(data, entry.base.text)
        if reason:
            raise half_written(place.path, reason)
        source = self._workspace.sources[entry.source]
        agreed = self._decider.agreed(source, entry, entry.base)
        held = self._decider.held(agreed, data.decode(), place.path, {})
        seen = msgspec.structs.replace(place, digest=digest(data))
        newest = self._decider.document(source, entry, entry.record) or source.document(entry.record)
        return OpenNote(entry, entry.base, seen, agreed, held, readings(agreed, held), newest)

    def answer(self, note: OpenNote, side: Literal["ours", "theirs"]) -> tuple[Callout, ...]:
        """Answer the conflicts of a note for one side; return those that could not be. Raises VaultError."""
        own = resolved(note.held.note, side, note.agreed.text, note.agreed.layout, note.readings[""])
        texts, left = {note.path: own.text}, own.left
        for path, blocks in parts(note.agreed, note.held, note.readings[""]).items():
            there = resolved(note.held.elsewhere[path], side, blocks.text, blocks.layout, note.readings[path])
            texts[path], left = there.text, (*left, *there.left)
        self._write(note, texts)
        return left

    def _write(self, note: OpenNote, texts: Mapping[str, str]) -> None:
        vault, state = self._workspace.vault, self._workspace.state
        was = {note.path: note.held.note, **note.held.elsewhere}
        writes = [
            Write(path, text.encode(), digest(was[path].encode())) for path, text in texts.items() if text != was[path]
        ]
        page = vault.write(writes)
        for outcome in page.outcomes:
            if isinstance(outcome, Refused):
                raise VaultError(outcome.message, path=outcome.path, hint="Save it in your editor, then run again.")
        with state.transaction():
            for outcome in page.outcomes:
                if isinstance(outcome, Written) and outcome.path == note.path:
                    state.put(_as_left(note, outcome, texts[note.path]))
        page.settle()


def _as_left(note: OpenNote, written: Written, text: str) -> Entry:
    """The entry of a note that was just written. What both sides agreed on stays as it is."""
    base = msgspec.structs.replace(
        note.base,
        digest=written.digest,
        size=written.size,
        mtime_ns=written.mtime_ns,
        inode=written.inode,
        mine=text != note.base.text,
        conflicts=count(text),
    )
    return msgspec.structs.replace(note.entry, path=written.path, base=base)
