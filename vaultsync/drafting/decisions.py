"""Decide what becomes of one draft's note: what was seen, the row of the case table that fits, the text that follows.

Reads notes, writes nothing. What the table says is in plan.py, how a merge is made in merging/reconcile.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from vaultsync.disk.vault import Vault, digest
from vaultsync.drafting.strays import Strays
from vaultsync.drafting.survey import Place, Survey
from vaultsync.errors import NoteGone, PluginError, TemplateError, VaultError, VaultsyncError
from vaultsync.hookspecs import Source
from vaultsync.model import Document
from vaultsync.note import anchors, if_whole, is_another, torn
from vaultsync.paths import collision_key, unoccupied
from vaultsync.plan import BEING_EDITED, SAVED_SINCE, Action, OnDisk, Seen, decide, needs_theirs
from vaultsync.rendering.renders import Renders
from vaultsync.rendering.tracked import Layout
from vaultsync.sending.aliases import LAYOUT, Alias, agreed_anew, arrived, as_last_shown, localized, sent, shown
from vaultsync.sending.earlier import with_copied, with_earlier
from vaultsync.storage.entry import Base, Creation, Entry

if TYPE_CHECKING:
    from vaultsync.merging.reconcile import Agreed, Held
    from vaultsync.rendering.tracked import Rendered

_layouts = msgspec.msgpack.Decoder(Layout)


class Draft(msgspec.Struct, frozen=True):
    """What an entry is to become.

    before: as state has it now; keys: digests by key; asked: named by the user. restoring: blocks its user deleted and
    wants back, by what they are called in the note; all if empty, None if that is not what is asked.
    """

    entry: Entry
    before: Entry | None = None
    keys: Mapping[str, bytes | None] = msgspec.field(default_factory=dict)
    asked: bool = False
    restoring: tuple[str, ...] | None = None

    @property
    def is_news(self) -> bool:
        """Whether there is anything to decide: something changed, or is still waiting."""
        return self.asked or self.entry.pending or self.before is None or self.before.record != self.entry.record


class Wanted(msgspec.Struct, frozen=True):
    """What a note is to hold. replaces: digest of what it holds now, None if it is not there; was: that, if known."""

    text: str
    replaces: bytes | None
    was: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """One draft's action.

    rendered: what is agreed once it is done, if the action makes it so. writes: what notes are to hold, by path: its
    own, and others that hold blocks of it. gone: highlights it takes out of the note. conflicts: that it will hold.
    tags: of the document and its highlights. aliases: the entry's once it is done, None if they stay.
    """

    draft: Draft
    action: Action
    place: Place
    rendered: Rendered | None = None
    path: str = ""
    writes: Mapping[str, Wanted] = msgspec.field(default_factory=dict)
    gone: int = 0
    category: str = ""
    conflicts: int = 0
    why: str = ""
    notices: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    aliases: tuple[Alias, ...] | None = None
    error: VaultsyncError | None = None

    @property
    def removes(self) -> bool:
        """Whether it takes anything out of the vault."""
        return self.action is Action.TRASH or self.gone > 0


class Decider(msgspec.Struct):
    """Where drafts are decided; one per run.

    tags: every tag a source has, as it spells it. restored: ids of notes that are back at an earlier text. busy: paths
    of notes that are being edited. creating: highlights that are being made of passages in an entry's note.
    """

    vault: Vault
    survey: Survey
    strays: Strays
    renders: Renders
    tags: Callable[[str], Collection[str]] = lambda _: ()
    restored: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    creating: Callable[[str], Collection[Creation]] = lambda _: ()

    def decided(self, source: Source, draft: Draft, pending: Mapping[str, Wanted]) -> Decision:
        """Decide one draft; a document that can't be dealt with is an error in the decision, and waits.

        pending: what notes are about to hold by earlier decisions of the same page.
        """
        place = self.survey.place(draft.entry.id, *draft.keys)
        if not draft.is_news:
            return Decision(draft, Action.NOTHING, place)
        try:
            decision = self._decision(source, draft, place, pending)
            return _put_off(draft, place, BEING_EDITED) if self._disturbs(decision) else decision
        except NoteGone:
            return _put_off(draft, place, SAVED_SINCE)
        except TemplateError as error:
            failure: VaultsyncError = error.left(f"Its note of {draft.entry.id} was left as it is.")
        except (PluginError, VaultError) as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # the per-document boundary: one document's failure stops no other
            failure = VaultsyncError(
                f"{draft.entry.id} can't be made a note ({type(error).__name__}: {error}). Its note was left as it is.",
                hint="This is a mistake in vaultsync or in a plugin; please report it with this line.",
            )
        return Decision(draft, Action.WAIT, place, error=failure)

    def _disturbs(self, decision: Decision) -> bool:
        """Whether it would change a note under its user's hands."""
        trashed = {decision.place.path} if decision.action is Action.TRASH else set()
        return not self.busy.isdisjoint(trashed | decision.writes.keys())

    def _decision(self, source: Source, draft: Draft, place: Place, pending: Mapping[str, Wanted]) -> Decision:
        kept = self.document(source, draft.entry, draft.entry.record)
        if kept is None:  # left out by a filter; leaving a filter is not deletion
            return Decision(draft, Action.NOTHING, place)
        seen, rendered = self._seen(source, draft, place, kept)
        action = decide(seen)
        aliases = self._aliases(source, draft.entry, kept) if rendered is not None else draft.entry.aliases
        base = Decision(draft, action, place, rendered, place.path, category=kept.category, tags=_tags(kept))
        base = replace(base, aliases=agreed_anew(aliases, kept))
        if action is Action.LEAVE:
            return replace(base, rendered=None, why="it is back at an earlier text, as if restored from a backup")
        if action is Action.CREATE:
            return self._created(base, kept)
        if action is Action.UPDATE:
            assert rendered is not None
            writes = {place.path: Wanted(rendered.text, place.digest, known_text(draft.entry.base, place))}
            return replace(base, writes=writes, gone=_leaving(draft.entry.base, kept))
        if action is Action.MERGE:
            return self._merged(source, base, kept, pending)
        if action is Action.KEEP:
            return self._kept(base, pending)
        return base

    def _seen(self, source: Source, draft: Draft, place: Place, kept: Document) -> tuple[Seen, Rendered | None]:
        """What is known before deciding, and theirs if it was needed for that."""
        base = draft.entry.base
        wanted = bool(draft.asked or (source.wanted(kept) if base is None else True))
        seen = Seen(place.on_disk, base is not None, wanted, kept.deleted, asked=draft.asked)
        if not needs_theirs(seen):
            return seen, None
        rendered = self.renders.note(kept)
        reached = digest(rendered.text.encode()) == place.digest
        if reached and base is not None and place.on_disk is OnDisk.EDITED:  # what is gone may stand in another note
            reached = _leaving(base, kept) == 0
        same = base is not None and rendered.text == base.text
        if same and place.on_disk is OnDisk.EDITED:
            disputed = base is not None and base.conflicts > 0  # its user may have answered
            disputed = disputed or self.survey.is_miscounted(draft.entry.id)  # a block with one may be gone
            disputed = disputed or bool(self.creating(draft.entry.id))  # as may a callout go
            disputed = disputed or bool(sent(draft.entry.aliases))  # what it holds now is to be remembered
            same = not (draft.restoring is not None or disputed or self._has_returned(source, draft))
        restored = draft.entry.id in self.restored
        seen = Seen(place.on_disk, base is not None, wanted, kept.deleted, same, reached, draft.asked, restored)
        return seen, rendered

    def _has_returned(self, source: Source, draft: Draft) -> bool:
        """Whether the document was gone at the source, as its note may say."""
        before = draft.before
        return before is not None and before.record != draft.entry.record and source.document(before.record).deleted

    def _created(self, base: Decision, kept: Document) -> Decision:
        rendered = self.renders.note(kept)
        taken = self.survey.taken  # by notes; a folder or a link may have the name, too
        path = unoccupied(self.renders.path(kept), lambda name: collision_key(name) in taken or self.vault.has(name))
        self.survey.taken.add(collision_key(path))
        return replace(base, rendered=rendered, path=path, writes={path: Wanted(rendered.text, None)})

    def _merged(self, source: Source, base: Decision, kept: Document, pending: Mapping[str, Wanted]) -> Decision:
        """Work what is new into a note that holds words of its user's."""
        from vaultsync.merging import reconcile

        draft, place, theirs = base.draft, base.place, base.rendered
        ours = self._ours(base, pending)
        if draft.entry.base is not None and is_another(ours.text, draft.entry.base.text):
            return replace(base, action=Action.GONE, rendered=None)

        def render(document: Document) -> Rendered:
            return theirs if theirs is not None and document is kept else self.renders.again(document)

        if draft.entry.base is None:
            held = self._held({highlight.block_id for highlight in kept.highlights}, ours.text, place.path, pending)
            found = reconcile.adopted(held, kept, render)
        else:
            agreed = self.agreed(source, draft.entry, draft.entry.base)
            held = self.held(agreed, self._placed(draft.entry.id, ours.text, kept), place.path, pending)
            agreed = agreed if draft.restoring is None else reconcile.restoring(agreed, held, draft.restoring)
            found = reconcile.merged(agreed, held, kept, render)
        texts = {path: text for path, text in found.elsewhere.items() if text != held.elsewhere[path]}
        if found.text != ours.text:
            texts[place.path] = found.text
        return replace(
            base,
            action=Action.MERGE if texts else Action.ADOPT,
            rendered=found.base,
            writes={
                path: replace(ours if path == place.path else self._other(path, pending), text=text)
                for path, text in texts.items()
            },
            gone=_leaving(draft.entry.base, kept, "\n".join((ours.text, *held.elsewhere.values()))),
            conflicts=found.conflicts,
            notices=tuple(f"{place.path}: {notice}" for notice in found.notices),
            why=_conflicts(found.conflicts),
            aliases=with_copied(
                agreed_anew(base.aliases or (), kept, found.away, found.shown), found.copies, unsent=found.unsent
            ),
        )

    def _aliases(self, source: Source, entry: Entry, kept: Document) -> tuple[Alias, ...]:
        """An entry's aliases, with what its highlights said before these news."""
        has_news = entry.base is not None and entry.agreed != entry.record
        was = self.document(source, entry, entry.agreed) if has_news else None
        return entry.aliases if was is None else with_earlier(entry.aliases, was, kept)

    def _placed(self, identity: str, ours: str, kept: Document) -> str:
        """The note with the blocks of highlights that were made of passages in it, in their places."""
        begun = self.creating(identity)
        if not begun:
            return ours
        from vaultsync.sending.creations import placed

        return placed(ours, begun, kept, self.renders.note(kept))

    def agreed(self, source: Source, entry: Entry, base: Base) -> Agreed:
        """What both sides last agreed on about an entry."""
        from vaultsync.merging.reconcile import Agreed

        document = self.document(source, entry, entry.agreed) or source.document(entry.agreed)
        document = as_last_shown(document, entry.aliases)
        foreign = frozenset(alias.owner for alias in entry.aliases if alias.field == LAYOUT)
        layout, tags = _layouts.decode(base.spans), self.tags(entry.source)
        agreed = Agreed(base.text, layout, document, tags, foreign)
        if not entry.aliases:
            return agreed
        newest = self.document(source, entry, entry.record) or source.document(entry.record)
        made_with = shown(entry.aliases)
        if made_with and base.template != self.renders.fingerprint(base.category):
            made_with = {}
        taken = sent(entry.aliases)
        return replace(agreed, sent=taken, arrived=arrived(entry.aliases, newest), shown=made_with)

    def document(self, source: Source, entry: Entry, record: bytes) -> Document | None:
        """A record as the note shows it; None if a plugin leaves it out. Raises PluginError."""
        kept = self.renders.filtered(source.document(record))
        return localized(kept, entry.aliases) if kept is not None and entry.aliases else kept

    def held(self, agreed: Agreed, ours: str, path: str, pending: Mapping[str, Wanted]) -> Held:
        """What the vault holds of a document: its note, and notes elsewhere to which blocks of it were moved."""
        return self._held({block.block_id for block in agreed.layout.blocks}, ours, path, pending)

    def _held(self, names: Set[str], ours: str, path: str, pending: Mapping[str, Wanted]) -> Held:
        """A document's note and those its user moved blocks to. names: of its blocks."""
        from vaultsync.merging.reconcile import Held

        missing = names - anchors(ours, names).keys()
        elsewhere = {}
        for other in self.strays.holding(missing, besides=path) if missing else ():
            elsewhere[other] = pending[other].text if other in pending else self.strays.text(other)
        return Held(ours, elsewhere)

    def _kept(self, base: Decision, pending: Mapping[str, Wanted]) -> Decision:
        """Mark a note whose document is gone at the source, and which stays."""
        from vaultsync.merging.conflicts import count, recounted
        from vaultsync.merging.patch import marked_deleted

        ours = self._ours(base, pending)
        marked = recounted(marked_deleted(ours.text))
        writes = {base.place.path: replace(ours, text=marked)} if marked != ours.text else {}
        return replace(base, writes=writes, conflicts=count(marked))

    def _ours(self, decision: Decision, pending: Mapping[str, Wanted]) -> Wanted:
        """The note as it is, or is about to be. Raises VaultError if it can't be read, or only half of it is there."""
        path, base = decision.place.path, decision.draft.entry.base
        if path in pending:
            return pending[path]
        data = self.vault.read(path)
        if data is None:
            raise NoteGone(path, decision.draft.entry.id)
        reason = torn(data, base.text if base is not None else "")
        if reason:
            raise half_written(path, decision.draft.entry.id, reason)
        text = data.decode()
        return Wanted(text, digest(data), text)

    def _other(self, path: str, pending: Mapping[str, Wanted]) -> Wanted:
        """Another note as it is, or is about to be."""
        text = self.strays.text(path)
        return pending.get(path) or Wanted(text, self.strays.digest(path), text)


def half_written(path: str, identity: str, reason: str) -> VaultError:
    """A note that looks like half of one. identity: of its entry; reason: as note.torn gives it."""
    # By its id, for a path can have blanks and quotes that no shell takes as they are.
    back = f'If it stays so, put back an earlier version, or delete it and run "vaultsync restore {identity}".'
    return VaultError(
        f"{path} {reason}, as if its program or a sync service had not finished writing it. It was left alone.",
        path=path,
        hint=f"{back} {if_whole(reason)}".rstrip(),
    )


def known_text(base: Base | None, place: Place) -> str | None:
    """What an untouched note holds, if that is what was last rendered."""
    return base.text if base is not None and digest(base.text.encode()) == place.digest else None


def _tags(document: Document) -> frozenset[str]:
    return frozenset(document.tags).union(*[highlight.tags for highlight in document.highlights])


def _leaving(base: Base | None, document: Document, ours: str | None = None) -> int:
    """How many highlights a note has that the document no longer has. ours: what holds them, if its user edited it."""
    if base is None:
        return 0
    staying = {highlight.id for highlight in document.live}
    going = {block.block_id for block in _layouts.decode(base.spans).blocks if block.id not in staying}
    return len(going if ours is None else anchors(ours, going))


def _put_off(draft: Draft, place: Place, why: str) -> Decision:
    return Decision(draft, Action.LEAVE, place, path=place.path, why=why)


def highlights_in(base: Base) -> int:
    """How many highlights a note was written with."""
    return len(blocks_of(base))


def blocks_of(base: Base) -> tuple[str, ...]:
    """What the blocks of a note are called in it, in order."""
    return tuple(block.block_id for block in _layouts.decode(base.spans).blocks)


def _conflicts(number: int) -> str:
    return f"{number} conflict{'s' * (number != 1)} to resolve" if number else ""
