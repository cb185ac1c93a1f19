"""The pull, step by step: ask each source, make its pages true in the vault, then look again at what waits.

This module calls the steps in order and decides nothing: what happens to a note is decided in plan.py, how it is
made so in drafting/drafts.py, what is asked of a service in its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from vaultsync.config import FULL_EVERY
from vaultsync.drafting.decisions import Draft, highlights_in
from vaultsync.drafting.drafts import Held
from vaultsync.drafting.intake import Intake
from vaultsync.errors import SafetyStop, SourceError, VaultError
from vaultsync.hookspecs import Fetch, Listing, Page, Source
from vaultsync.lookup import keys_by_source
from vaultsync.plan import OnDisk, Removals, allowance, guard
from vaultsync.rounds import Round
from vaultsync.storage.entry import Entry
from vaultsync.workspace import Workspace

_PAGE = 100
# So many pages without news are read again at most, should a run be killed among them.
_QUIET_PAGES = 10


class Options(msgspec.Struct, frozen=True):
    """What a user asked of one pull. only: ids, paths or addresses; sources: names, all if empty.

    asking: False to ask no source, and only look again at what waits. restoring: bring back what the user deleted of
    the documents in `only`, from what is remembered: these blocks, all if empty; None to fetch as usual. outdated: also
    render notes again whose template has changed.
    """

    full: bool = False
    allow_removals: bool = False
    only: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    restoring: tuple[str, ...] | None = None
    asking: bool = True
    outdated: bool = True


@dataclass
class Pull:
    """One pull, within a run.

    swept: sources that were listed completely. resettled: the settings of the source at hand have changed.
    _reached: the cursor of the last page of the source at hand, if it is not remembered yet; _quiet: of so many pages
    without news.
    """

    run: Round
    options: Options
    held: dict[str, Held] = field(default_factory=dict)
    swept: list[str] = field(default_factory=list)
    resettled: bool = False
    _reached: str | None = None
    _quiet: int = 0

    @property
    def _workspace(self) -> Workspace:
        return self.run.workspace

    def everything(self) -> None:
        """The whole pull, in order. Failures are told to the tally."""
        try:
            self.named = self._named()
            for name, source in self.run.chosen(self.options.sources):
                if self.options.restoring is not None:
                    self.restore(name, source)
                    continue
                if self.options.asking:
                    self.fetch(name, source)
                self.reconsider(name, source)
            self.remove()
            self.forget_interruptions()
        except VaultError as error:  # the vault can't be written any more; what was done is done
            self.run.tally.fail(error)

    def _named(self) -> dict[str, tuple[str, ...]]:
        """The keys the user asked for, by source; {} if for everything. Raises ConfigError."""
        if not self.options.only:
            return {}
        workspace = self._workspace
        return keys_by_source(
            self.options.only,
            sources=dict(self.run.chosen(self.options.sources)),
            state=workspace.state,
            vault=workspace.vault,
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
                self._workspace.progress.say(page.label or name, page.done)
                if page.listing is not None and not only:
                    self._keep_place(name)  # before it is forgotten what was listed
                    self._sweep(name, source, page.listing)
                self.run.bounds.between()
            if only and not pieces:
                raise _unknown_there(name, only)
            if not only:
                self._fetched(name)
                if fetch.full or fetch.cursor is None:
                    self.swept.append(name)
        except SafetyStop as stop:
            self.run.tally.stop = stop
        except SourceError as error:
            self.run.tally.fail(error)
        finally:
            self._keep_place(name)

    def _wanted(self, name: str, only: tuple[str, ...]) -> Fetch:
        state = self._workspace.state
        if only:
            return Fetch(state.cursor(name), only=only)
        last = self._workspace.history.last_full(name)
        due = last is None or self._workspace.now - last > FULL_EVERY
        self.resettled = state.settings_of(name) != self._workspace.settings_mark(name)
        full = self.options.full or due or self.resettled
        return Fetch(state.cursor(name), full=full, known=state.digests(name) if full else frozenset())

    def _page(self, name: str, source: Source, page: Page, *, asked: bool) -> None:
        """Make one page true in the vault, and its cursor with it; that of a page without news can wait."""
        state = self._workspace.state
        self.run.tally.problems |= dict.fromkeys(page.problems)
        self._quiet += 1
        if not (page.pieces or page.listed) and self._quiet < _QUIET_PAGES:
            self._reached = None if asked else page.cursor
            return
        account = self._workspace.accounts[name]
        intake = Intake(account, source, state, self.run.survey, self.run.tally, asked)
        drafts = intake.drafts(page.pieces)
        later = [] if asked else [draft for draft in drafts if self._may_have_a_note(draft)]

        def also() -> None:
            intake.commit()
            for draft in later:
                state.put(msgspec.structs.replace(draft.entry, pending=True))
                state.put_pieces(draft.entry.id, draft.keys)
            state.note_listed(name, page.listed)
            if not asked:
                state.set_cursor(name, page.cursor)

        waiting = {draft.entry.id for draft in later}
        drafts = [draft for draft in drafts if draft.entry.id not in waiting]
        self._hold(self.run.drafts.settle(source, drafts, also=also))
        self._reached, self._quiet = None, 0

    def _may_have_a_note(self, draft: Draft) -> bool:
        """Whether the vault may hold a note of a new document, under an id that is only known from a later page.

        That is so where state was lost, and notes are left that nothing is remembered of.
        """
        is_new = draft.entry.base is None and (draft.before is None or draft.before.id == draft.entry.id)
        survey = self.run.survey
        nowhere = is_new and survey.place(draft.entry.id, *draft.keys).on_disk is OnDisk.NOWHERE
        return nowhere and bool(survey.that_are(OnDisk.FOUND))

    def _keep_place(self, name: str) -> None:
        """Remember how far the listing has got. One without news ends where it began, and nothing is written."""
        state, reached = self._workspace.state, self._reached
        self._reached, self._quiet = None, 0
        if reached is not None and reached != state.cursor(name):
            with state.transaction():
                state.know_type(name, self._workspace.accounts[name].type)  # who has a cursor is of a known type
                state.set_cursor(name, reached)

    def _sweep(self, name: str, source: Source, listing: Listing) -> None:
        """After a complete listing: what it did not name may be gone at the service. Raises SafetyStop."""
        state = self._workspace.state
        prefix = listing.prefix.rstrip(":")
        if listing.count == 0 and not self.options.allow_removals and self._expected(source, listing, prefix):
            raise SafetyStop(
                f"{name} lists no documents at all, and there are notes of it. Nothing was removed.",
                hint='If the account is empty, run "vaultsync export --allow-removals".',
            )
        if listing.names_all:
            self._confirm(source, state.unlisted(name, prefix))
            state.clear_listed(name)

    def _expected(self, source: Source, listing: Listing, prefix: str) -> bool:
        """Whether the listing should have named anything, going by what is known."""
        state = self._workspace.state
        entries = (state.find((key,)) for key in state.keys(prefix))
        return any(
            not listing.names_all or source.listable(source.document(entry.record)) for entry in entries if entry
        )

    def _confirm(self, source: Source, keys: Iterable[str]) -> None:
        """Ask for each document that was not listed; those that are gone wait for the guard."""
        state = self._workspace.state
        enough = None if self.options.allow_removals else allowance(self.run.known) + 1
        gone = (
            (entry, key)
            for key in keys
            if (entry := state.find((key,))) is not None and _may_be_gone(source, entry) and not source.still_there(key)
        )
        for entry, key in islice(gone, enough):
            record = source.without(entry.record, key)
            with state.transaction():
                state.put(msgspec.structs.replace(entry.told(record), pending=True))
                state.put_pieces(entry.id, {key: None})

    def _fetched(self, name: str) -> None:
        state, mark = self._workspace.state, self._workspace.settings_mark(name)
        if mark != state.settings_of(name):
            with state.transaction():
                state.know_settings(name, mark)

    # What waits: earlier failures, changed templates, changed settings.

    def reconsider(self, name: str, source: Source) -> None:
        """Look again at every entry that waits or would be rendered otherwise now."""
        state = self._workspace.state
        waiting = dict.fromkeys(state.pending_ids(name))
        waiting |= dict.fromkeys(self._answered(name))
        if not self.options.only:
            waiting |= dict.fromkeys(self._rendered_otherwise(name))
            if self.resettled:
                waiting |= dict.fromkeys(state.ids_without_note(name))
        ids = iter([identity for identity in waiting if identity not in self.held])
        while batch := list(islice(ids, _PAGE)):
            self.run.bounds.between()
            self._hold(self.run.drafts.settle(source, self._again(batch, asked=False)))

    def _answered(self, name: str) -> list[str]:
        """Notes of a source whose conflicts their user may have resolved, or taken elsewhere with their block."""
        seen = self.run.survey
        names = [*seen.answered, *(row.id for row in seen.changed if seen.is_miscounted(row.id))]
        entries = filter(None, map(self._workspace.state.entry, names))
        return [entry.id for entry in entries if entry.source == name]

    def _rendered_otherwise(self, name: str) -> list[str]:
        """The notes whose template has changed, or the filters that plugins bring; their number is told.

        Raises TemplateError.
        """
        old = self._workspace.outdated(name) if self.options.outdated else {}
        changed = [identity for identity in old if self.run.survey.place(identity).on_disk is not OnDisk.NOWHERE]
        if changed:
            self._workspace.try_templates()  # that they are rendered is only said once it is known that they can be
            are = "note is" if len(changed) == 1 else "notes are"
            what = "Templates" if "Templates" in old.values() else old[changed[0]]
            self.run.announce(f"{what} have changed: {len(changed):,} {are} rendered again.")
        return changed

    def _again(self, ids: Iterable[str], *, asked: bool) -> Iterator[Draft]:
        for identity in ids:
            entry = self._workspace.state.entry(identity)
            if entry is not None:
                yield Draft(msgspec.structs.replace(entry, pending=True), entry, {}, asked)

    def _hold(self, held: Iterable[Held]) -> None:
        self.held |= {one.id: one for one in held}

    def restore(self, name: str, source: Source) -> None:
        """Bring back what its user deleted of the notes they named."""
        entries = filter(None, (self._workspace.state.find((key,)) for key in self.named.get(name, ())))
        drafts = {entry.id: Draft(entry, entry, asked=True, restoring=self.options.restoring) for entry in entries}
        self._hold(self.run.drafts.settle(source, drafts.values()))

    # Removals, last and guarded.

    def remove(self) -> None:
        """Take out of the vault what is gone at the sources, if that is no more than anyone meant."""
        if not self.held:
            return
        if not self.options.allow_removals:
            try:
                guard(self._removals())
            except SafetyStop as stop:
                self.run.tally.stop = stop
                return
        for name, source in self._workspace.sources.items():
            entries = (self._workspace.state.entry(identity) for identity in self.held)
            ids = iter([entry.id for entry in entries if entry is not None and entry.source == name])
            while batch := list(islice(ids, _PAGE)):
                self.run.drafts.settle(source, self._again(batch, asked=False), removals=True)

    def forget_interruptions(self) -> None:
        """After a run that reached everything, nothing is left of what earlier ones were writing."""
        state = self._workspace.state
        partly = self.options.only or self.options.sources or not self.options.asking
        reached = not (self.run.tally.errors or partly)
        if reached and (written := {*state.being_written(), *state.being_merged()}):
            with state.transaction():
                state.have_written(written)

    def _removals(self) -> Removals:
        documents = sum(one.highlights == 0 for one in self.held.values())
        highlights = sum(one.highlights for one in self.held.values())
        return Removals(documents, self.run.known, highlights, self._highlights() if highlights > allowance(0) else 0)

    def _highlights(self) -> int:
        """How many highlights the notes hold that stay."""
        state = self._workspace.state
        leaving = {one.id for one in self.held.values() if one.highlights == 0}
        entries = (state.entry(row.id) for row in list(state.rows()) if row.id not in leaving)
        return sum(highlights_in(entry.base) for entry in entries if entry is not None and entry.base is not None)


def _may_be_gone(source: Source, entry: Entry) -> bool:
    """Whether a listing that does not name a document says anything new: not of one that is known to be gone."""
    document = source.document(entry.record)
    return not document.deleted and source.listable(document)


def _unknown_there(name: str, keys: Iterable[str]) -> SourceError:
    return SourceError(
        f"{name} knows no document {' or '.join(keys)}. Nothing was written for it.",
        source=name,
        hint='If it was deleted there, "vaultsync export --full" finds that out; else check the id.',
    )
