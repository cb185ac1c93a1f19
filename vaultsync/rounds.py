"""What one run works with: where the notes are, what an earlier run left behind, and where drafts are made true."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from vaultsync.decisions import Decider
from vaultsync.deeds import Journal
from vaultsync.drafts import Drafts
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Source
from vaultsync.plan import OnDisk
from vaultsync.rehearsal import Rehearsal
from vaultsync.report import Report, Tally
from vaultsync.state import Row
from vaultsync.strays import Strays
from vaultsync.survey import Survey, survey
from vaultsync.workspace import Workspace


@dataclass
class Round:
    """One run, from its look at the vault on.

    dry: nothing is kept. meant: the user says that all their edits are meant. announce: told what is about to happen to
    many notes. known: how many notes there are. answered: rows of notes whose conflicts their user may have resolved.
    restored: ids of notes that are back at an earlier text, as if from a backup. journal: of what is done.
    """

    workspace: Workspace
    dry: bool
    meant: bool
    announce: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)
    known: int = 0
    answered: list[Row] = field(default_factory=list)
    restored: frozenset[str] = frozenset()
    survey: Survey = field(init=False)
    journal: Journal = field(init=False)
    drafts: Drafts = field(init=False)

    def recover(self, leftovers: tuple[str, ...]) -> None:
        """Clear away what a run that was cut short left in the vault."""
        for kept in self.workspace.vault.recover(leftovers, self.workspace.state.knows_note):
            self.tally.asides.append(f"A save nobody had seen was kept as {kept.path}.")

    def look(self) -> None:
        """Find every note, and remember those that were moved or touched."""
        state = self.workspace.state
        rows = list(state.rows())
        self.survey = survey(self.workspace.vault, rows, state.entry_of, state.being_written())
        if self.survey.scan.leftovers and not self.dry:
            # Only then, for looking at every note is most of what a run without news does.
            self.recover(self.survey.scan.leftovers)
            self.survey = survey(self.workspace.vault, rows, state.entry_of, state.being_written())
        self.known = sum(place.on_disk is not OnDisk.NOWHERE for place in self.survey.places.values())
        self._follow(rows)
        self._finish_merges()
        self.restored = self._restored(rows)
        self.answered = [row for row in rows if row.conflicts and self._is_answered(row)]
        for name, copies in self.survey.copies.items():
            home = self.survey.places[name].path
            self.tally.asides.append(f"{', '.join(copies)}: a copy of {home} (same vaultsync_id). It was left alone.")
        self.tally.errors.extend(self.survey.unread)
        vault = self.workspace.vault
        # Who says that they mean it, means it.
        leave = frozenset() if self.meant else self.restored
        decider = Decider(vault, self.survey, Strays(vault, self.survey), self.workspace.renders, leave)
        self.journal = Journal(state)
        writer = Rehearsal(self.workspace.root) if self.dry else vault
        self.drafts = Drafts(writer, state, self.survey, self.tally, decider, self.journal, self.workspace.now)

    def _follow(self, rows: Iterable[Row]) -> None:
        moved = []
        for row in rows:
            place = self.survey.places.get(row.id)
            if row.path is None or place is None or place.found is None:
                continue
            touched = place.digest == row.digest and place.found.mtime_ns != row.mtime_ns
            if place.path != row.path or touched:
                moved.append((row.id, place.found, touched))
        if moved:
            with self.workspace.state.transaction():
                for name, found, touched in moved:
                    self.workspace.state.moved(name, found, touched=touched)

    def _finish_merges(self) -> None:
        """Remember merges that were made by a run that was cut short before it could."""
        state = self.workspace.state
        for made, entry in state.being_merged().items():
            place = self.survey.place(entry.id)
            if place.found is None or place.digest != made or entry.base is None or state.entry(entry.id) is None:
                continue
            found = place.found
            base = msgspec.structs.replace(entry.base, size=found.size, mtime_ns=found.mtime_ns, inode=found.inode)
            with state.transaction():
                state.put(msgspec.structs.replace(entry, path=place.path, base=base))
                state.have_written({made})

    def _restored(self, rows: Iterable[Row]) -> frozenset[str]:
        """Notes that hold what they held before: two or more at once, or one as old as that text."""
        found = {}
        for row in rows:
            place = self.survey.place(row.id)
            if place.on_disk is OnDisk.EDITED and place.found is not None and place.digest != row.digest:
                until = self.workspace.state.past(row.id, place.digest)
                if until is not None:
                    found[row.id] = place.found.mtime_ns // 1_000_000_000 < until
        return frozenset(found if len(found) > 1 else (name for name, old in found.items() if old))

    def _is_answered(self, row: Row) -> bool:
        """Whether a note with conflicts was edited since: they may be resolved."""
        place = self.survey.place(row.id)
        return place.on_disk is OnDisk.EDITED and place.digest != row.digest

    def chosen(self, names: Iterable[str]) -> list[tuple[str, Source]]:
        """These sources, all if none is named, in the order of vaultsync.toml. Raises ConfigError."""
        sources = self.workspace.sources
        for name in names:
            if name not in sources:
                known = ", ".join(sources) or "none"
                raise ConfigError(f'vaultsync.toml has no source "{name}". Nothing was done.', hint=f"It has: {known}.")
        wanted = list(names) or list(sources)
        return [(name, sources[name]) for name in wanted]

    def report(self) -> Report:
        """What was done so far."""
        workspace = self.workspace
        conflicts = workspace.state.conflicts()
        return self.tally.report(known=self.known, requests=workspace.requests(), conflicts=conflicts, dry=self.dry)
