"""One document's note, opened and read: what its user changed, what is in conflict, what can't be told. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from vaultsync.drafting.survey import Place
from vaultsync.hookspecs import Edit, Highlighter, NewHighlight, Source
from vaultsync.lens.reading import Reading, Refusal
from vaultsync.lens.rows import words_of
from vaultsync.merging.conflicts import Callout, found
from vaultsync.merging.reconcile import Agreed, Held, conflicts_elsewhere, missing, together
from vaultsync.model import Document, field_value
from vaultsync.sending.aliases import AWAY, LAYOUT
from vaultsync.sending.creations import asked_for
from vaultsync.sending.edits import edits
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.sending.outbox import UNSURE, Copy, Rules, outbox
from vaultsync.storage.entry import Base, Entry
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
    def unfit(self) -> tuple[Outgoing, ...]:
        """Fields of which it is known what their user typed, and that it can't be what they hold."""
        names = {block.id: block.block_id for block in self.agreed.layout.blocks}
        owners = {"": self.agreed.document} | {one.id: one for one in self.agreed.document.highlights}
        foreign = {one.owner for one in self.entry.aliases if one.field == LAYOUT}  # nobody typed anything there
        return tuple(
            Outgoing(
                Edit(self.entry.id, one.owner, one.field, field_value(owners[one.owner], one.field) or "", one.typed),
                self.path,
                names.get(one.owner, ""),
                Fate.REFUSED,
                one.reason,
            )
            for one in self.refusals
            if one.typed is not None and one.owner not in foreign
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """What the blocks are called that are in no note any more."""
        return missing(self.agreed, self.held, self.readings[""])

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
    def has_returned(self) -> bool:
        """Whether a block is in a note again that was in none when there were news of it."""
        away = {alias.owner for alias in self.entry.aliases if alias.field == AWAY}
        return bool(away) and any(away & reading.regions.keys() for reading in self.readings.values())

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fields its user changed."""
        return edits(self.agreed.values(self.reading.values), self.reading)

    def is_outdated(self, workspace: Workspace) -> bool:
        """Whether it was made by another template than it would be now. Raises ConfigError."""
        return bool(workspace.fingerprints.outdated(self.base.category, self.base.template))

    def outbox(self, source: Source, workspace: Workspace, *, allow_commands: bool = False) -> tuple[Outgoing, ...]:
        """The fields its user changed, passages that are to be highlights, and what stands against sending each."""
        copy = Copy(self.path, self.agreed, self.held, self.readings, self.newest, self.entry.aliases)
        new = self._asked_for(copy, source, workspace, allow_commands=allow_commands)
        new = (*(replace(one, why=source.refusal(self.newest, one.edit) or one.why) for one in self.unfit), *new)
        if not self.edits:
            return new

        def read_only(edit: Edit) -> str:
            return workspace.lint(self.agreed.document.category).why_read_only(edit.owner, edit.field)

        def command(edit: Edit) -> str:
            return "" if allow_commands else source.command(edit)

        rules = Rules(source.refusal, read_only, command, workspace.render_note)
        box = (*outbox(copy, rules), *new)
        if self.is_outdated(workspace):
            # It is rendered again before it is sent, and then nothing stands against that.
            return tuple(replace(one, fate=Fate.SEND, why="") if one.why == UNSURE else one for one in box)
        return box

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
