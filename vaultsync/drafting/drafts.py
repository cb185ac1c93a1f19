"""Make a page of drafts true: decide each, write the notes, then remember what was written.

Order: what is about to be written is noted, notes are made durable, state is committed last. A crash in between
leaves state older than the world, and the next run knows the notes it finds for what it was about to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.disk.vault import Refused, Trashed, Vault, Write, Written, digest
from vaultsync.drafting.decisions import Decider, Decision, Draft, Wanted, known_text
from vaultsync.drafting.survey import Survey
from vaultsync.errors import VaultError
from vaultsync.hookspecs import Source
from vaultsync.plan import SAVED_SINCE, Action, OnDisk
from vaultsync.rendering.renders import Renders as Renders
from vaultsync.report import Change, Tally
from vaultsync.storage.deeds import Deed, FileDeed, Journal
from vaultsync.storage.entry import Base, Entry
from vaultsync.storage.state import State

if TYPE_CHECKING:
    from vaultsync.drafting.pictures import Pictures

Outcome = Written | Refused | Trashed


class Held(msgspec.Struct, frozen=True):
    """A removal that waits for the guard. highlights: how many would leave the note; 0 if the note itself goes."""

    id: str
    path: str
    highlights: int


class Drafts(msgspec.Struct):
    """Where drafts are made true; one per run. pictures: where covers are kept, None if nowhere."""

    vault: Vault
    state: State
    survey: Survey
    tally: Tally
    decider: Decider
    journal: Journal
    now: datetime
    pictures: Pictures | None = None

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
            self.decider.renders.try_out()
            if self.pictures is not None:
                self.pictures.bring(source, drafts, self.decider)
        decisions, wanted = self._decided(source, drafts, removals=removals)
        doing = [decision for decision in decisions if removals or not decision.removes]
        noted = self._announce(doing, wanted)
        writes = [Write(path, one.text.encode(), one.replaces) for path, one in wanted.items()]
        page = self.vault.write(writes)
        written: dict[str, Outcome] = dict(zip(wanted, page.outcomes, strict=True))
        trashed = {
            decision.place.path: self.vault.trash(decision.place.path, decision.place.digest)
            for decision in doing
            if decision.action is Action.TRASH
        }
        with self.state.transaction():
            for decision in decisions:
                waits = decision.removes and not removals
                self._remember(decision, None if waits else _outcome(decision, written | trashed), waits=waits)
                if not waits:
                    self._take_down(decision, written | trashed)
            for path in wanted.keys() - {decision.path for decision in doing if decision.path in decision.writes}:
                self._rewritten(written[path])
            also()
            self.state.have_written(noted | {decision.place.digest for decision in doing})
        for recovered in page.settle():
            self.tally.asides.append(f"A save that landed while vaultsync was writing was kept as {recovered.path}.")
        return () if removals else tuple(_held(decision) for decision in decisions if decision.removes)

    def _decided(
        self, source: Source, drafts: Sequence[Draft], *, removals: bool
    ) -> tuple[list[Decision], dict[str, Wanted]]:
        """The decisions, and what notes are to hold by them: a note may hold blocks of several documents."""
        decisions: list[Decision] = []
        wanted: dict[str, Wanted] = {}
        for draft in drafts:
            decision = self.decider.decided(source, draft, wanted)
            decisions.append(decision)
            if decision.error is not None:
                self.tally.fail(decision.error)  # a document that waits is looked at again before the run ends
            if removals or not decision.removes:
                wanted |= decision.writes
        return decisions, wanted

    def _announce(self, doing: Iterable[Decision], wanted: Mapping[str, Wanted]) -> set[bytes]:
        """Note what is about to be written; return the digests it was noted by."""
        ours: set[bytes] = set()
        merged: dict[bytes, Entry] = {}
        for decision in doing:
            text = wanted[decision.path].text if decision.path in decision.writes else None
            if text is None or decision.rendered is None:
                continue
            data = text.encode()
            made = Written(decision.path, len(data), 0, 0, digest(data))
            if text == decision.rendered.text:
                ours.add(made.digest)
            else:
                merged[made.digest] = self._based(decision, made)
        self.state.about_to_write(ours, merged)
        return ours | merged.keys()

    def _remember(self, decision: Decision, outcome: Outcome | None, *, waits: bool) -> None:
        draft, entry = decision.draft, decision.draft.entry
        if draft.before is not None and draft.before.id != entry.id:
            self.state.rekey(draft.before.id, entry.id)
        became = entry if not draft.is_news else self._outcome(decision, outcome, waits=waits)
        self.state.put(became)
        self.state.know_tags(entry.source, decision.tags)
        self.state.put_pieces(entry.id, draft.keys)
        before = entry.base.digest if entry.base is not None else b""
        # Only then: a note that was left as its user made it holds that still.
        if became.base is not None and became.base.digest != before:
            for earlier in {before, decision.place.digest} - {became.base.digest, b""}:
                self.state.note_past(entry.id, earlier, int(self.now.timestamp()))

    def _take_down(self, decision: Decision, outcomes: Mapping[str, Outcome]) -> None:
        """Note in the journal which files were changed for a document, and what they held before."""
        files = []
        for path, one in decision.writes.items():
            outcome = outcomes[path]
            if isinstance(outcome, Written):
                files.append(FileDeed(path, one.was, outcome.digest))
        gone = outcomes.get(decision.place.path) if decision.action is Action.TRASH else None
        if isinstance(gone, Trashed):
            files.append(FileDeed(gone.path, known_text(decision.draft.entry.base, decision.place), None))
        if files:
            self.journal.note(Deed(decision.draft.entry.id, decision.draft.before, tuple(files)))

    def _rewritten(self, outcome: Outcome) -> None:
        """Remember a note that got news for a block of another document."""
        if isinstance(outcome, Written):
            self.survey.rewritten(outcome)
            self.state.rewritten(outcome.path, outcome.digest, self.survey.scan.notes[outcome.path])

    def _outcome(self, decision: Decision, outcome: Outcome | None, *, waits: bool) -> Entry:
        """The entry as it is to be remembered, after what happened to its note."""
        entry, action, place = decision.draft.entry, decision.action, decision.place
        if waits or decision.error is not None:
            return msgspec.structs.replace(entry, pending=True)
        if isinstance(outcome, Refused):
            return self._refused(decision, outcome)
        self.tally.note(Change(action, entry.id, decision.path or (entry.path or ""), decision.why or _why(decision)))
        self.tally.asides += [notice for notice in decision.notices if notice not in self.tally.asides]
        if isinstance(outcome, Trashed) or action is Action.FORGET:
            self.survey.removed(entry.id)
            self.state.untell(entry.id)
            return msgspec.structs.replace(entry, path=None, base=None, pending=False)
        if isinstance(outcome, Written) and decision.rendered is not None:
            self.survey.written(entry.id, outcome.path, outcome, mine=outcome.digest != _ours(decision))
            return self._based(decision, outcome)
        if decision.rendered is not None and place.found is not None and action is not Action.WAIT:
            found = place.found
            held = Written(place.path, found.size, found.mtime_ns, found.inode, place.digest)
            if action is Action.ADOPT:
                self.survey.written(entry.id, place.path, held, mine=held.digest != _ours(decision))
            return self._based(decision, held)
        if action is Action.KEEP and entry.base is not None and place.found is not None:
            return self._kept(decision, entry.base, outcome)
        path = place.path if place.on_disk in (OnDisk.AS_WRITTEN, OnDisk.EDITED, OnDisk.FOUND) else entry.path
        done = action in (Action.NOTHING, Action.KEEP, Action.GONE)
        if entry.base is None:  # it is none of our notes yet, wherever it is
            return msgspec.structs.replace(entry, path=None, pending=not done)
        if action is Action.NOTHING:  # a filter leaves it out, also as things are now
            template = self.decider.renders.fingerprint(entry.base.category)
            entry = msgspec.structs.replace(entry, base=msgspec.structs.replace(entry.base, template=template))
        return msgspec.structs.replace(entry, path=path, pending=not done)

    def _kept(self, decision: Decision, base: Base, outcome: Outcome | None) -> Entry:
        """The entry of a note that stays though its document is gone: looked at again when that is back, not before."""
        entry, place, found = decision.draft.entry, decision.place, decision.place.found
        assert found is not None
        held = Written(place.path, found.size, found.mtime_ns, found.inode, place.digest)
        held = outcome if isinstance(outcome, Written) else held
        self.survey.written(entry.id, held.path, held, mine=True)
        base = msgspec.structs.replace(
            base,
            template=self.decider.renders.fingerprint(decision.category),
            digest=held.digest,
            size=held.size,
            mtime_ns=held.mtime_ns,
            inode=held.inode,
            mine=True,
            conflicts=decision.conflicts,
        )
        return msgspec.structs.replace(entry, path=held.path, base=base, pending=False)

    def _based(self, decision: Decision, held: Written) -> Entry:
        """The entry with what was rendered as its base. held: what the file is now."""
        entry, rendered = decision.draft.entry, decision.rendered
        assert rendered is not None
        conflicts = decision.conflicts
        if decision.action is Action.NOTHING and entry.base is not None:
            conflicts = entry.base.conflicts
        base = Base(
            text=rendered.text,
            spans=msgspec.msgpack.encode(rendered.layout),
            template=self.decider.renders.fingerprint(decision.category),
            category=decision.category,
            digest=held.digest,
            size=held.size,
            mtime_ns=held.mtime_ns,
            inode=held.inode,
            mine=held.digest != _ours(decision),
            conflicts=conflicts,
        )
        aliases = entry.aliases if decision.aliases is None else decision.aliases
        return msgspec.structs.replace(entry, path=held.path, base=base, pending=False, aliases=aliases)

    def _refused(self, decision: Decision, refused: Refused) -> Entry:
        entry = decision.draft.entry
        if refused.reason == "error":
            error = VaultError(refused.message, path=refused.path, hint="Look into it, then run again.")
            self.tally.fail(error)
        elif refused.reason == "edited":
            self.tally.note(Change(Action.LEAVE, entry.id, refused.path, SAVED_SINCE))
        # "exists": the name is taken now, and the draft is looked at again before the run ends.
        return msgspec.structs.replace(entry, pending=True)


def _outcome(decision: Decision, outcomes: Mapping[str, Outcome]) -> Outcome | None:
    """What happened to a decision's notes: the first that was refused, else its own note."""
    mine = [outcomes[path] for path in decision.writes]
    if decision.action is Action.TRASH:
        mine.append(outcomes[decision.place.path])
    refused = next((one for one in mine if isinstance(one, Refused)), None)
    own = outcomes.get(decision.path) if decision.path in decision.writes or decision.action is Action.TRASH else None
    return refused or own


def _ours(decision: Decision) -> bytes:
    """The digest of a note that would hold nothing but what was rendered."""
    assert decision.rendered is not None
    return digest(decision.rendered.text.encode())


def _held(decision: Decision) -> Held:
    return Held(decision.draft.entry.id, decision.place.path, decision.gone)


def _why(decision: Decision) -> str:
    if decision.gone:
        return f"{decision.gone} highlight{'s' * (decision.gone != 1)} gone at the source"
    return ""
