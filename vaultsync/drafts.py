"""Make a page of drafts true: decide each, write the notes, then remember what was written.

Order: what is about to be written is noted, notes are made durable, state is committed last. A crash in between
leaves state older than the world, and the next run knows the notes it finds for what it was about to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.errors import PluginError, TemplateError, VaultError, VaultsyncError
from vaultsync.hookspecs import Source
from vaultsync.model import Document
from vaultsync.paths import collision_key, unoccupied
from vaultsync.plan import Action, OnDisk, Seen, decide, needs_theirs
from vaultsync.report import Change, Tally
from vaultsync.state import Base, Entry, State
from vaultsync.survey import Place, Survey
from vaultsync.tracked import Layout
from vaultsync.vault import Refused, Trashed, Vault, Write, Written, digest

if TYPE_CHECKING:
    from vaultsync.render import Rendered

_layouts = msgspec.msgpack.Decoder(Layout)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entry is to become. before: as state has it now; keys: digests by key; asked: named by the user."""

    entry: Entry
    before: Entry | None = None
    keys: Mapping[str, bytes | None] = field(default_factory=dict)
    asked: bool = False

    @property
    def is_news(self) -> bool:
        """Whether there is anything to decide: something changed, or is still waiting."""
        return self.asked or self.entry.pending or self.before is None or self.before.record != self.entry.record


@dataclass(frozen=True, slots=True)
class _Decision:
    """One draft's action. rendered: theirs, if the action needs it. gone: highlights it takes out of the note."""

    draft: Draft
    action: Action
    place: Place
    rendered: Rendered | None = None
    path: str = ""
    gone: int = 0
    category: str = ""
    failed: bool = False

    @property
    def removes(self) -> bool:
        return self.action is Action.TRASH or self.gone > 0


@dataclass(frozen=True, slots=True)
class Held:
    """A removal that waits for the guard. highlights: how many would leave the note; 0 if the note itself goes."""

    id: str
    path: str
    highlights: int


class Renders:
    """What a draft needs of templates and plugins: documents in, notes and paths out.

    try_out: raises TemplateError if a template can't be used at all; asked before any is.
    """

    def __init__(
        self,
        note: Callable[[Document], Rendered],
        path: Callable[[Document], str],
        fingerprint: Callable[[str], str],
        try_out: Callable[[], object],
        filters: Sequence[tuple[str, Callable[[Document], Document | None]]] = (),
    ) -> None:
        self.note, self.path, self.fingerprint, self.try_out = note, path, fingerprint, try_out
        self._filters = filters

    def filtered(self, document: Document) -> Document | None:
        """The document after every plugin's filter, None if one leaves it out. Raises PluginError."""
        for name, keep in self._filters:
            try:
                kept = keep(document)
            except Exception as error:  # noqa: BLE001  # the plugin boundary: one failure stops no other document
                raise _filter_failed(name, document, f"{type(error).__name__}: {error}") from error
            if kept is None:
                return None
            if not isinstance(kept, Document):
                raise _filter_failed(name, document, f"it returned {type(kept).__name__}, not a document")
            document = kept
        return document


def _filter_failed(name: str, document: Document, reason: str) -> PluginError:
    return PluginError(
        f'plugin {name}: its document filter failed on "{document.title}" ({document.id}): {reason}. '
        "The note was left as it is.",
        plugin=name,
        hint="Update or uninstall the plugin; VAULTSYNC_PLUGINS names those to load.",
    )


@dataclass(slots=True)
class Drafts:
    """Where drafts are made true; one per run."""

    vault: Vault
    state: State
    survey: Survey
    tally: Tally
    renders: Renders
    now: datetime

    def settle(
        self, source: Source, drafts: Iterable[Draft], *, also: Callable[[], Any] = lambda: None, removals: bool = False
    ) -> tuple[Held, ...]:
        """Make drafts of one source true, as one page; return the removals that were put off.

        also: state changes to be committed with them (the cursor). removals: now is the time for them.
        Raises VaultError if no note can be written, TemplateError if a template can't be used; then nothing of the
        page was remembered either.
        """
        drafts = list(drafts)
        if any(draft.is_news for draft in drafts):
            self.renders.try_out()
        decisions = [self._decided(source, draft) for draft in drafts]
        held = () if removals else tuple(_held(decision) for decision in decisions if decision.removes)
        doing = [decision for decision in decisions if removals or not decision.removes]
        writing = [decision for decision in doing if decision.action in (Action.CREATE, Action.UPDATE)]
        writes = [_write(decision) for decision in writing]
        ours = {digest(write.data) for write in writes}
        self.state.about_to_write(ours)
        page = self.vault.write(writes)
        outcomes: dict[str, Written | Refused | Trashed] = {
            decision.draft.entry.id: outcome for decision, outcome in zip(writing, page.outcomes, strict=True)
        }
        for decision in doing:
            if decision.action is Action.TRASH:
                moved = self.vault.trash(decision.place.path, decision.place.digest)
                outcomes[decision.draft.entry.id] = moved
        with self.state.transaction():
            for decision in decisions:
                waits = decision.removes and not removals
                self._remember(decision, None if waits else outcomes.get(decision.draft.entry.id), waits=waits)
            also()
            self.state.have_written(ours | {decision.place.digest for decision in doing})
        for recovered in page.settle():
            self.tally.asides.append(f"A save that landed while vaultsync was writing was kept as {recovered.path}.")
        return held

    def _decided(self, source: Source, draft: Draft) -> _Decision:
        """Decide one draft; a document that can't be dealt with is an error in the report, and waits."""
        if not draft.is_news:
            return _Decision(draft, Action.NOTHING, self.survey.place(draft.entry.id, *draft.keys))
        try:
            return self._decision(source, draft)
        except TemplateError as error:
            failure: VaultsyncError = error.left(f"Its note of {draft.entry.id} was left as it is.")
        except PluginError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # the per-document boundary: one document's failure stops no other
            failure = VaultsyncError(
                f"{draft.entry.id} can't be made a note ({type(error).__name__}: {error}). Its note was left as it is.",
                hint="This is a mistake in vaultsync or in a plugin; please report it with this line.",
            )
        self.tally.errors.append(failure)
        return _Decision(draft, Action.WAIT, self.survey.place(draft.entry.id, *draft.keys), failed=True)

    def _decision(self, source: Source, draft: Draft) -> _Decision:
        entry, base = draft.entry, draft.entry.base
        place = self.survey.place(entry.id, *draft.keys)
        document = source.document(entry.record)
        kept = self.renders.filtered(document)
        if kept is None:  # left out by a filter; leaving a filter is not deletion
            return _Decision(draft, Action.NOTHING, place)
        wanted = bool(draft.asked or (source.wanted(kept) if base is None else True))
        seen = Seen(place.on_disk, base is not None, wanted, kept.deleted, asked=draft.asked)
        rendered = self.renders.note(kept) if needs_theirs(seen) else None
        if rendered is not None:
            same = base is not None and rendered.text == base.text
            reached = not same and digest(rendered.text.encode()) == place.digest
            seen = Seen(place.on_disk, base is not None, wanted, kept.deleted, same, reached, draft.asked)
        action = decide(seen)
        path = place.path
        if action is Action.CREATE:
            rendered = self.renders.note(kept)
            path = unoccupied(self.renders.path(kept), lambda name: collision_key(name) in self.survey.taken)
            self.survey.taken.add(collision_key(path))
        gone = _leaving(base, kept) if action is Action.UPDATE else 0
        return _Decision(draft, action, place, rendered, path, gone, kept.category)

    def _remember(self, decision: _Decision, outcome: Written | Refused | Trashed | None, *, waits: bool) -> None:
        draft, entry = decision.draft, decision.draft.entry
        if draft.before is not None and draft.before.id != entry.id:
            self.state.rekey(draft.before.id, entry.id)
        self.state.put(entry if not draft.is_news else self._outcome(decision, outcome, waits=waits))
        self.state.put_pieces(entry.id, draft.keys)

    def _outcome(self, decision: _Decision, outcome: Written | Refused | Trashed | None, *, waits: bool) -> Entry:
        """The entry as it is to be remembered, after what happened to its note."""
        entry, action, place = decision.draft.entry, decision.action, decision.place
        if waits or decision.failed:
            return msgspec.structs.replace(entry, pending=True)
        if isinstance(outcome, Refused):
            return self._refused(decision, outcome)
        self.tally.note(Change(action, entry.id, decision.path or (entry.path or ""), _why(decision)))
        if isinstance(outcome, Written):
            self.survey.written(entry.id, outcome.path, outcome)
            return self._based(decision, outcome)
        if isinstance(outcome, Trashed) or action is Action.FORGET:
            self.survey.removed(entry.id)
            return msgspec.structs.replace(entry, path=None, base=None, pending=False)
        if action in (Action.ADOPT, Action.NOTHING) and decision.rendered is not None and place.found is not None:
            found = place.found
            held = Written(place.path, found.size, found.mtime_ns, found.inode, place.digest)
            if action is Action.ADOPT:  # from now on it holds what we would have written
                self.survey.written(entry.id, place.path, held)
            return self._based(decision, held)
        path = place.path if place.on_disk in (OnDisk.AS_WRITTEN, OnDisk.EDITED, OnDisk.FOUND) else entry.path
        return msgspec.structs.replace(entry, path=path, pending=action is not Action.NOTHING)

    def _based(self, decision: _Decision, held: Written) -> Entry:
        """The entry with what was rendered as its base. held: what the file is now."""
        entry, rendered = decision.draft.entry, decision.rendered
        assert rendered is not None
        if decision.action is Action.NOTHING and decision.place.on_disk is OnDisk.EDITED and entry.base is not None:
            # Its user's words are in the file: what we wrote last stays what it is compared with.
            base = msgspec.structs.replace(entry.base, template=self.renders.fingerprint(decision.category))
            return msgspec.structs.replace(entry, path=held.path, base=base, pending=False)
        base = Base(
            text=rendered.text,
            spans=msgspec.msgpack.encode(rendered.layout),
            template=self.renders.fingerprint(decision.category),
            category=decision.category,
            digest=held.digest,
            size=held.size,
            mtime_ns=held.mtime_ns,
            inode=held.inode,
        )
        return msgspec.structs.replace(entry, path=held.path, base=base, pending=False)

    def _refused(self, decision: _Decision, refused: Refused) -> Entry:
        entry = decision.draft.entry
        if refused.reason == "error":
            self.tally.errors.append(
                VaultError(refused.message, path=refused.path, hint="When that is mended, run again.")
            )
        elif refused.reason == "edited":
            self.tally.note(Change(Action.LEAVE, entry.id, refused.path, "saved while this run was at work"))
        # "exists": the name is taken now, and the draft is looked at again before the run ends.
        return msgspec.structs.replace(entry, pending=True)


def _write(decision: _Decision) -> Write:
    assert decision.rendered is not None
    replaces = decision.place.digest if decision.action is Action.UPDATE else None
    return Write(decision.path, decision.rendered.text.encode(), replaces)


def _held(decision: _Decision) -> Held:
    return Held(decision.draft.entry.id, decision.place.path, decision.gone)


def _leaving(base: Base | None, document: Document) -> int:
    """How many highlights a note has that the document no longer has."""
    if base is None:
        return 0
    staying = {highlight.id for highlight in document.live}
    return sum(block.id not in staying for block in _layouts.decode(base.spans).blocks)


def highlights_in(base: Base) -> int:
    """How many highlights a note was written with."""
    return len(_layouts.decode(base.spans).blocks)


def _why(decision: _Decision) -> str:
    if decision.action is Action.LEAVE:
        known = decision.place.on_disk is OnDisk.EDITED
        return "" if known else "it differs from what vaultsync would write, and it is not known what it wrote before"
    if decision.gone:
        return f"{decision.gone} highlight{'s' * (decision.gone != 1)} gone at the source"
    return ""
