"""Notes that hold words of their user's, opened and read: what was changed, what is in conflict, what can't be told.

For whoever looks at single notes (status, diff, resolve) or at all that were edited. Writes only an answer to
conflicts, and remembers it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from vaultsync.conflicts import Callout, count, found
from vaultsync.creations import asked_for
from vaultsync.decisions import Decider, half_written
from vaultsync.edits import edits
from vaultsync.entry import Base, Entry, Row
from vaultsync.errors import ConfigError, PluginError, SourceError, VaultError, VaultsyncError
from vaultsync.hookspecs import Edit, Highlighter, NewHighlight, Source
from vaultsync.lens import Reading, Refusal
from vaultsync.lens_rows import words_of
from vaultsync.lookup import document_id
from vaultsync.model import Document
from vaultsync.note import torn
from vaultsync.outbox import Copy, Outgoing, Rules, outbox
from vaultsync.plan import OnDisk
from vaultsync.reconcile import Agreed, Held, conflicts_elsewhere, parts, readings, together
from vaultsync.resolve import resolved
from vaultsync.rounds import Round
from vaultsync.strays import Strays
from vaultsync.survey import Place, survey
from vaultsync.vault import Found, Refused, Write, Written, digest
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
        """The conflicts the note holds, and those of its blocks in other notes."""
        return tuple(one for _, one in self.places_of_conflicts)

    @property
    def places_of_conflicts(self) -> tuple[tuple[str, Callout], ...]:
        """The conflicts, each with the path of the note it stands in."""
        own = [(self.path, one) for one in found(self.held.note) if one.kind == "conflict"]
        return (*own, *conflicts_elsewhere(self.agreed, self.held, self.readings[""]))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Fields of which it can't be told what their user made of them."""
        return self.reading.refusals

    @property
    def without_anchor(self) -> tuple[str, ...]:
        """Highlights whose anchor is gone while something like their longest line is still there."""
        own, text = self.readings[""], self.held.note
        for region in sorted(own.regions.values(), key=lambda region: -region.start):
            text = text[: region.start] + text[region.end :] if region.start else text
        lines = [words_of(line) for line in text.split("\n")]
        blocks = [block for block in self.agreed.layout.blocks if block.id in own.absent]
        words = {
            block.id: words_of(max(self.agreed.text[block.start : block.end].split("\n"), key=len)) for block in blocks
        }
        standing = [
            name for name, wanted in words.items() if any(2 * len(wanted & line) > len(wanted) for line in lines)
        ]
        return (*own.orphans, *standing)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fields its user changed."""
        return edits(self.agreed.document, self.reading)

    def outbox(self, source: Source, workspace: Workspace, *, allow_commands: bool = False) -> tuple[Outgoing, ...]:
        """The fields its user changed, passages that are to be highlights, and what stands against sending each."""
        copy = Copy(self.path, self.agreed, self.held, self.readings, self.newest)
        new = self._asked_for(copy, source, workspace, allow_commands=allow_commands)
        if not self.edits:
            return new

        def read_only(edit: Edit) -> str:
            return workspace.lint(self.agreed.document.category).why_read_only(edit.owner, edit.field)

        def command(edit: Edit) -> str:
            return "" if allow_commands else source.command(edit)

        rules = Rules(source.refusal, read_only, command, workspace.render_note)
        return (*outbox(copy, rules), *new)

    def _asked_for(
        self, copy: Copy, source: Source, workspace: Workspace, *, allow_commands: bool
    ) -> tuple[Outgoing, ...]:
        """Passages that are to be highlights; none if their source makes none of them."""
        if not isinstance(source, Highlighter) or not source.takes_highlights():
            return ()

        def stands_against(document: Document, new: NewHighlight) -> str:
            note = Edit(document.id, "new", "note", "", new.note)
            return source.unfit(document, new) or ("" if allow_commands else source.command(note))

        return asked_for(copy, workspace.state.creating(self.entry.id), stands_against)


class Desk:
    """Opens notes of one vault, by what is remembered of them. Asks no service."""

    def __init__(self, workspace: Workspace, run: Round | None = None) -> None:
        """Open the desk. run: one that has looked at the vault already."""
        self._workspace = workspace
        self._vault = workspace.vault if run is None else run.vault
        state = workspace.state
        self.survey = run.survey if run else survey(self._vault, self.rows, state.entry_of, state.being_written())
        self._whole = run.whole if run else (lambda: self.survey)

    @cached_property
    def rows(self) -> list[Row]:
        """What is remembered of every note."""
        return [row for row in self._workspace.state.rows() if row.path]

    @cached_property
    def _decider(self) -> Decider:
        vault = self._vault
        return Decider(
            vault, self.survey, Strays(vault, self._whole), self._workspace.renders, self._workspace.state.tags
        )

    def every(self, besides: Collection[str] = frozenset()) -> Iterator[OpenNote | VaultsyncError]:
        """Every note that holds words of its user's, or why it can't be read. besides: paths of notes left out.

        Notes of sources that vaultsync.toml has no more are passed over.
        """
        for name, place in sorted(self.survey.places.items()):
            if place.on_disk is OnDisk.EDITED and place.path not in besides and self._is_asked(name):
                try:
                    yield self._open(name)
                except (VaultError, PluginError, SourceError) as error:
                    yield error

    def _is_asked(self, name: str) -> bool:
        entry = self._workspace.state.entry(name)
        return entry is not None and entry.source in self._workspace.sources

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
        data = self._vault.read(place.path) or b""
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
                elif isinstance(outcome, Written):
                    found_now = Found(outcome.path, outcome.size, outcome.mtime_ns, outcome.inode)
                    state.rewritten(outcome.path, outcome.digest, found_now)
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
