"""The pull, step by step: ask each source, make its pages true in the vault, then look again at what waits.

This module calls the steps in order and decides nothing: what happens to a note is decided in plan.py, how it is
made so in drafts.py, what is asked of a service in its source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from vaultsync.config import FULL_EVERY
from vaultsync.decisions import Decider, Draft, highlights_in
from vaultsync.drafts import Drafts, Held
from vaultsync.errors import ConfigError, SafetyStop, SourceError, VaultError
from vaultsync.hookspecs import Fetch, Listing, Page, Source
from vaultsync.intake import Intake
from vaultsync.lookup import keys_by_source
from vaultsync.plan import OnDisk, Removals, allowance, guard
from vaultsync.rehearsal import Rehearsal
from vaultsync.report import Report, Tally
from vaultsync.state import Row
from vaultsync.strays import Strays
from vaultsync.survey import survey
from vaultsync.workspace import Workspace

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Options:
    """What a user asked of one run. only: ids, paths or addresses; sources: names, all if empty.

    restoring: bring back what the user deleted of the documents in `only`, from what is remembered: these blocks, all
    if empty; None to fetch as usual.
    """

    full: bool = False
    dry: bool = False
    allow_removals: bool = False
    only: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    restoring: tuple[str, ...] | None = None


def pull(workspace: Workspace, options: Options, announce: Callable[[str], None] = lambda _: None) -> Report:
    """Bring the vault up to date with its sources. announce: told what is about to happen to many notes.

    Raises VaultsyncError only for what stops everything before anything was written; the rest is in the report.
    """
    with workspace.state.pretend() if options.dry else nullcontext():
        run = _Run(workspace, options, announce)
        run.everything()
        report = run.report()
    if not options.dry:
        workspace.history.append(run.diary(report))
    for failure in workspace.host.after_pull(report):
        report = dataclasses.replace(report, errors=(*report.errors, failure))
    return report


@dataclass
class _Run:
    """One pull.

    swept: sources that were listed completely. resettled: the settings of the source at hand have changed.
    """

    workspace: Workspace
    options: Options
    announce: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)
    held: dict[str, Held] = field(default_factory=dict)
    swept: list[str] = field(default_factory=list)
    resettled: bool = False

    def everything(self) -> None:
        """The whole pull, in order."""
        self.look()
        try:
            self.named = self._named()
            for name, source in self.chosen():
                if self.options.restoring is not None:
                    self.restore(name, source)
                    continue
                self.fetch(name, source)
                self.reconsider(name, source)
            self.remove()
            self.forget_interruptions()
        except VaultError as error:  # the vault can't be written any more; what was done is done
            self.tally.errors.append(error)

    # Before anything else: what an earlier run left, and where the notes are.

    def recover(self, leftovers: tuple[str, ...]) -> None:
        """Clear away what a run that was cut short left in the vault."""
        for kept in self.workspace.vault.recover(leftovers, self.workspace.state.knows_note):
            self.tally.asides.append(f"A save nobody had seen was kept as {kept.path}.")

    def look(self) -> None:
        """Find every note, and remember those that were moved or touched."""
        state = self.workspace.state
        rows = list(state.rows())
        self.survey = survey(self.workspace.vault, rows, state.entry_of, state.being_written())
        if self.survey.scan.leftovers and not self.options.dry:
            # Only then, for looking at every note is most of what a run without news does.
            self.recover(self.survey.scan.leftovers)
            self.survey = survey(self.workspace.vault, rows, state.entry_of, state.being_written())
        self.known = sum(place.on_disk is not OnDisk.NOWHERE for place in self.survey.places.values())
        self._follow(rows)
        self._finish_merges()
        self.answered = [row for row in rows if row.conflicts and self._is_answered(row)]
        for name, copies in self.survey.copies.items():
            home = self.survey.places[name].path
            self.tally.asides.append(f"{', '.join(copies)}: a copy of {home} (same vaultsync_id). It was left alone.")
        self.tally.errors.extend(self.survey.unread)
        vault = self.workspace.vault
        decider = Decider(vault, self.survey, Strays(vault, self.survey), self.workspace.renders)
        writer = Rehearsal(self.workspace.root) if self.options.dry else vault
        self.drafts = Drafts(writer, state, self.survey, self.tally, decider, self.workspace.now)

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

    def _is_answered(self, row: Row) -> bool:
        """Whether a note with conflicts was edited since: they may be resolved."""
        place = self.survey.place(row.id)
        return place.on_disk is OnDisk.EDITED and place.digest != row.digest

    def chosen(self) -> Iterator[tuple[str, Source]]:
        """The sources to ask, in the order of vaultsync.toml."""
        for name in self.options.sources or self.workspace.sources:
            if name not in self.workspace.sources:
                known = ", ".join(self.workspace.sources) or "none"
                raise ConfigError(f'vaultsync.toml has no source "{name}". Nothing was done.', hint=f"It has: {known}.")
            yield name, self.workspace.sources[name]

    def _named(self) -> dict[str, tuple[str, ...]]:
        """The keys the user asked for, by source; {} if for everything. Raises ConfigError."""
        if not self.options.only:
            return {}
        workspace = self.workspace
        return keys_by_source(
            self.options.only, sources=workspace.sources, state=workspace.state, vault=workspace.vault
        )

    # Asking a source.

    def fetch(self, name: str, source: Source) -> None:
        """Ask one source for what is new; its failure is its own."""
        try:
            only = self.named.get(name, ())
            if self.options.only and not only:
                return
            fetch = self._wanted(name, only)
            pieces = 0
            for page in source.pages(fetch):
                pieces += len(page.pieces)
                self._page(name, source, page, asked=bool(only))
                self.workspace.progress.say(page.label or name, page.done)
                if page.listing is not None and not only:
                    self._sweep(name, source, page.listing)
            if only and not pieces:
                raise _unknown_there(name, only)
            if not only:
                self._fetched(name)
                if fetch.full or fetch.cursor is None:
                    self.swept.append(name)
        except SafetyStop as stop:
            self.tally.stop = stop
        except SourceError as error:
            self.tally.errors.append(error)

    def _wanted(self, name: str, only: tuple[str, ...]) -> Fetch:
        state = self.workspace.state
        if only:
            return Fetch(state.cursor(name), only=only)
        last = self.workspace.history.last_full(name)
        due = last is None or self.workspace.now - last > FULL_EVERY
        self.resettled = state.cursor(f"settings:{name}") != self.workspace.settings_mark(name)
        full = self.options.full or due or self.resettled
        return Fetch(state.cursor(name), full=full, known=state.digests(name) if full else frozenset())

    def _page(self, name: str, source: Source, page: Page, *, asked: bool) -> None:
        """Make one page true in the vault, and its cursor with it."""
        state = self.workspace.state
        intake = Intake(name, source, state, self.survey, self.tally, asked)
        drafts = intake.drafts(page.pieces)

        def also() -> None:
            intake.commit()
            state.note_listed(name, page.listed)
            if not asked:
                state.set_cursor(name, page.cursor)

        self.tally.problems |= dict.fromkeys(page.problems)
        self._hold(self.drafts.settle(source, drafts, also=also))

    def _sweep(self, name: str, source: Source, listing: Listing) -> None:
        """After a complete listing: what it did not name may be gone at the service. Raises SafetyStop."""
        state = self.workspace.state
        prefix = listing.prefix.rstrip(":")
        if listing.count == 0 and not self.options.allow_removals and self._expected(source, listing, prefix):
            raise SafetyStop(
                f"{name} lists no documents at all, and there are notes of it. Nothing was removed.",
                hint='If the account is empty, run "vaultsync export --allow-removals".',
            )
        if listing.names_all:
            self._confirm(source, state.unlisted(name, prefix))
            with state.transaction():
                state.clear_listed(name)

    def _expected(self, source: Source, listing: Listing, prefix: str) -> bool:
        """Whether the listing should have named anything, going by what is known."""
        state = self.workspace.state
        entries = (state.find((key,)) for key in state.keys(prefix))
        return any(
            not listing.names_all or source.listable(source.document(entry.record)) for entry in entries if entry
        )

    def _confirm(self, source: Source, keys: Iterable[str]) -> None:
        """Ask for each document that was not listed; those that are gone wait for the guard."""
        state = self.workspace.state
        enough = None if self.options.allow_removals else allowance(self.known) + 1
        gone = (
            (entry, key)
            for key in keys
            if (entry := state.find((key,))) is not None
            and source.listable(source.document(entry.record))
            and not source.still_there(key)
        )
        for entry, key in islice(gone, enough):
            record = source.without(entry.record, key)
            with state.transaction():
                state.put(msgspec.structs.replace(entry.told(record), pending=True))
                state.put_pieces(entry.id, {key: None})

    def _fetched(self, name: str) -> None:
        state = self.workspace.state
        with state.transaction():
            state.set_cursor(f"settings:{name}", self.workspace.settings_mark(name))

    # What waits: earlier failures, changed templates, changed settings.

    def reconsider(self, name: str, source: Source) -> None:
        """Look again at every entry that waits or whose template has changed."""
        state = self.workspace.state
        waiting = dict.fromkeys(state.pending_ids(name))
        waiting |= dict.fromkeys(row.id for row in self.answered if row.source == name)
        if not self.options.only:
            changed = self._with_changed_template(name)
            if changed:
                are = "note is" if len(changed) == 1 else "notes are"
                self.announce(f"Templates have changed: {len(changed):,} {are} rendered again.")
            waiting |= dict.fromkeys(changed)
            if self.resettled:
                waiting |= dict.fromkeys(state.ids_without_note(name))
        ids = iter([identity for identity in waiting if identity not in self.held])
        while batch := list(islice(ids, _PAGE)):
            self._hold(self.drafts.settle(source, self._again(batch, asked=False)))

    def _with_changed_template(self, name: str) -> list[str]:
        templates, state = self.workspace.templates, self.workspace.state
        old = {pair for pair in state.rendered_with(name) if pair[1] != templates.fingerprint(pair[0])}
        return [
            row.id
            for row in (state.rows() if old else ())
            if row.source == name and (row.category, row.template) in old
            if self.survey.place(row.id).on_disk is not OnDisk.NOWHERE
        ]

    def _again(self, ids: Iterable[str], *, asked: bool) -> Iterator[Draft]:
        for identity in ids:
            entry = self.workspace.state.entry(identity)
            if entry is not None:
                yield Draft(msgspec.structs.replace(entry, pending=True), entry, {}, asked)

    def _hold(self, held: Iterable[Held]) -> None:
        self.held |= {one.id: one for one in held}

    def restore(self, name: str, source: Source) -> None:
        """Bring back what its user deleted of the notes they named."""
        entries = filter(None, (self.workspace.state.find((key,)) for key in self.named.get(name, ())))
        drafts = {entry.id: Draft(entry, entry, asked=True, restoring=self.options.restoring) for entry in entries}
        self._hold(self.drafts.settle(source, drafts.values()))

    # Removals, last and guarded.

    def remove(self) -> None:
        """Take out of the vault what is gone at the sources, if that is no more than anyone meant."""
        if not self.held:
            return
        if not self.options.allow_removals:
            try:
                guard(self._removals())
            except SafetyStop as stop:
                self.tally.stop = stop
                return
        for name, source in self.workspace.sources.items():
            entries = (self.workspace.state.entry(identity) for identity in self.held)
            ids = iter([entry.id for entry in entries if entry is not None and entry.source == name])
            while batch := list(islice(ids, _PAGE)):
                self.drafts.settle(source, self._again(batch, asked=False), removals=True)

    def forget_interruptions(self) -> None:
        """After a run that reached everything, nothing is left of what earlier ones were writing."""
        state = self.workspace.state
        reached = not (self.tally.errors or self.options.only or self.options.sources)
        if reached and (written := {*state.being_written(), *state.being_merged()}):
            with state.transaction():
                state.have_written(written)

    def _removals(self) -> Removals:
        documents = sum(one.highlights == 0 for one in self.held.values())
        highlights = sum(one.highlights for one in self.held.values())
        return Removals(documents, self.known, highlights, self._highlights() if highlights > allowance(0) else 0)

    def _highlights(self) -> int:
        """How many highlights the notes hold that stay."""
        state = self.workspace.state
        leaving = {one.id for one in self.held.values() if one.highlights == 0}
        entries = (state.entry(row.id) for row in list(state.rows()) if row.path and row.id not in leaving)
        return sum(highlights_in(entry.base) for entry in entries if entry is not None and entry.base is not None)

    # The end.

    def report(self) -> Report:
        """What the run did."""
        requests = self.workspace.requests()
        conflicts = self.workspace.state.conflicts()
        return self.tally.report(known=self.known, requests=requests, conflicts=conflicts, dry=self.options.dry)

    def diary(self, report: Report) -> dict[str, object]:
        """What the history keeps of this run."""
        told = report.as_json()
        return {
            "ended": self.workspace.now.isoformat(),
            "command": "export" if self.options.restoring is None else "restore",
            "full": self.swept,
            "exit": report.exit_code,
            **told,
            "changes": told["changes"][:_PAGE],
        }


def _unknown_there(name: str, keys: Iterable[str]) -> SourceError:
    return SourceError(
        f"{name} knows no document {' or '.join(keys)}. Nothing was written for it.",
        source=name,
        hint='If it was deleted there, "vaultsync export --full" finds that out; else check the id.',
    )
