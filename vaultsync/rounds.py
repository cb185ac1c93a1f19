"""What one run works with: where the notes are, what an earlier run left behind, and where drafts are made true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from vaultsync.disk.rehearsal import Rehearsal
from vaultsync.disk.vault import Vault
from vaultsync.drafting.decisions import Decider
from vaultsync.drafting.drafts import Drafts
from vaultsync.drafting.strays import Strays
from vaultsync.drafting.survey import Survey, back_at_an_earlier_text, survey
from vaultsync.errors import ConfigError, SafetyStop, VaultError
from vaultsync.hookspecs import Source
from vaultsync.plan import OnDisk, allowance, guard_vault
from vaultsync.report import Report, Tally
from vaultsync.storage.deeds import Journal
from vaultsync.storage.state import Row
from vaultsync.workspace import Workspace

if TYPE_CHECKING:
    from vaultsync.drafting.pictures import Pictures


class Bounds(msgspec.Struct, frozen=True):
    """What a run keeps to while others are at work in the vault.

    at: the only notes it looks at, by path; None for all. Such a run can push, but not pull. busy: notes that are being
    edited, which it does not write to; unread: those it sends nothing from. deletions: now is the time to delete at
    sources, where that is asked for. between: called between two pages or documents; may raise to end the run there.
    """

    at: frozenset[str] | None = None
    busy: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    deletions: bool = True
    between: Callable[[], None] = lambda: None


@dataclass
class Round:
    """One run, from its look at the vault on.

    dry: nothing is kept. meant: the user says that all their edits are meant. announce: told what is about to happen to
    many notes. bounds: what it keeps to. known: how many notes there are. restored: ids of notes that are back at an
    earlier text, as if from a backup. journal: of what is done.
    """

    workspace: Workspace
    dry: bool
    meant: bool
    announce: Callable[[str], None]
    bounds: Bounds = Bounds()  # noqa: RUF009  # frozen
    tally: Tally = field(default_factory=Tally)
    known: int = 0
    restored: frozenset[str] = frozenset()
    survey: Survey = field(init=False)
    vault: Vault = field(init=False)
    journal: Journal = field(init=False)
    drafts: Drafts = field(init=False)
    _asked: int = 0

    def recover(self, leftovers: tuple[str, ...]) -> None:
        """Clear away what a run that was cut short left in the vault."""
        for kept in self.workspace.vault.recover(leftovers, self.workspace.state.knows_note):
            self.tally.asides.append(f"A save nobody had seen was kept as {kept.path}.")

    def look(self) -> None:
        """Find every note, or those the bounds name, and remember those that were moved or touched."""
        state = self.workspace.state
        self._asked = self.workspace.requests()
        self.survey = self._surveyed()
        if self.survey.scan.leftovers and not self.dry:
            # Only then, for looking at every note is most of what a run without news does.
            self.recover(self.survey.scan.leftovers)
            self.survey = self._surveyed()
        self.known = self._known()
        self._follow()
        self._finish_merges()
        self.restored = self._restored()
        for name in self.survey.that_are(OnDisk.TWICE):
            paths = self.survey.place(name).path
            self.tally.asides.append(f"{paths}: the same vaultsync_id, and none is where it was. Delete one.")
        for name, copies in self.survey.copies.items():
            home = self.survey.places[name].path
            self.tally.asides.append(f"{', '.join(copies)}: a copy of {home} (same vaultsync_id). It was left alone.")
        self.tally.errors.extend(self.survey.unread)
        vault = self.vault = Rehearsal(self.workspace.root) if self.dry else self.workspace.vault
        # Who says that they mean it, means it.
        leave = frozenset() if self.meant else self.restored
        decider = Decider(
            vault,
            self.survey,
            Strays(vault, partial(_whole, self.workspace, self._seen_whole)),
            self.workspace.renders,
            state.tags,
            leave,
            self.bounds.busy,
            state.creating,
        )
        self.journal = Journal(state)
        now, pictures = self.workspace.now, self._pictures(vault)
        self.drafts = Drafts(vault, state, self.survey, self.tally, decider, self.journal, now, pictures)

    def _pictures(self, vault: Vault) -> Pictures | None:
        """Where covers are kept, if they are."""
        workspace, folder = self.workspace, self.workspace.config.notes.covers
        if not folder:
            return None
        from vaultsync.drafting.pictures import Pictures  # of which most vaults have none

        say = workspace.progress.say
        return Pictures(folder, vault, workspace.state, workspace.web, workspace.now, say, self.dry)

    def _rows_at(self, paths: Collection[str]) -> list[Row]:
        """What is remembered of these notes, by where they are and the ids they bear; and of what is reviewed there."""
        state, borne = self.workspace.state, set()
        for path in paths:
            with suppress(VaultError):  # which the survey tells of
                borne.add(state.entry_of(self.workspace.vault.identity(path) or ""))
        rows = state.rows_of(paths, {name for name in borne if name})
        reviewed = {name for row in rows for name in self._reviewed(row.id)}
        return state.rows_of(paths, {*(row.id for row in rows), *reviewed}) if reviewed else rows

    def _reviewed(self, identity: str) -> Iterator[str]:
        """The documents that the highlights of a review are from; of what is none, none."""
        entry = self.workspace.state.entry(identity)
        source = self.workspace.sources.get(entry.source) if entry is not None and entry.is_review else None
        for one in source.document(entry.record).highlights if entry is not None and source is not None else ():
            name = self.workspace.state.entry_of(str(one.extra["document"]))
            if name is not None:
                yield name

    def _surveyed(self) -> Survey:
        state, vault, at = self.workspace.state, self.workspace.vault, self.bounds.at
        if at is None:
            return survey(vault, state.rows(), state.entry_of, state.being_written())
        rows = self._rows_at(at)
        scan = vault.look_at({*at, *(row.path for row in rows)})
        return survey(vault, rows, state.entry_of, state.being_written(), scan)

    def whole(self) -> Survey:
        """Where every note is, also if the run looks only at some."""
        return _whole(self.workspace, self._seen_whole)

    @property
    def _seen_whole(self) -> Survey | None:
        return self.survey if self.bounds.at is None else None

    def _known(self) -> int:
        if self.bounds.at is not None:
            return self.workspace.state.counts().notes
        return len(self.survey.places) - len(self.survey.that_are(OnDisk.NOWHERE))

    def _follow(self) -> None:
        moved = []
        for row in self.survey.changed:
            place = self.survey.place(row.id)
            if place.found is None:
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

    def _restored(self) -> frozenset[str]:
        """Notes that hold what they held before: two or more at once, one as old as that text, or so since then."""
        state, seen = self.workspace.state, self.survey
        looks = ((row.id, back_at_an_earlier_text(state, seen.place(row.id), row)) for row in seen.changed)
        found = {name: back for name, back in looks if back is not None}
        restored = {name for name, (_, suspect) in found.items() if suspect or len(found) > 1}
        state.suspect({name: found[name][0] for name in restored}, seen.places)
        return frozenset(restored)

    def miss(self) -> None:
        """Tell of sources none of whose notes is in the vault any more, unless the user says that it is meant."""
        away = set(self.survey.that_are(OnDisk.NOWHERE))
        if self.bounds.at is not None or self.meant or len(away) <= allowance(0):
            return
        state = self.workspace.state
        noted = {name: set(state.ids_with_note(name)) for name in self.workspace.accounts}
        try:
            guard_vault(
                {name: len(ids) for name, ids in noted.items()}, {name: len(ids & away) for name, ids in noted.items()}
            )
        except SafetyStop as stop:
            self.tally.stop = stop

    def remark(self) -> None:
        """Tell what the look found that is new, and asks for nothing."""
        if self.bounds.at is None and self.tally.stop is None:
            from vaultsync.drafting.remarks import remarks

            names = self.workspace.accounts.keys()
            self.tally.asides += remarks(self.survey, self.workspace.state, names, self.bounds.busy)

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
        failed = self.drafts.pictures.failed if self.drafts.pictures is not None else {}
        if failed:
            url, why = next(iter(failed.items()))
            told = "1 cover can't be had and is" if len(failed) == 1 else f"{len(failed):,} covers can't be had and are"
            self.tally.asides.append(f"{told} shown from the web, such as {url} ({why}).")
        conflicts = self.workspace.state.conflicts()
        requests = self.workspace.requests() - self._asked
        return self.tally.report(known=self.known, requests=requests, conflicts=conflicts, dry=self.dry)


def _whole(workspace: Workspace, seen: Survey | None) -> Survey:
    """Where every note is. seen: that, if it is known."""
    # No method: what a run holds, it would hold until Python looks for circles.
    state = workspace.state
    return seen or survey(workspace.vault, state.rows(), state.entry_of, state.being_written())
