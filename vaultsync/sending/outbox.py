"""Decide of each edit whether it may be sent: what a note's user changed, and what stands against sending it. No I/O.

Nothing is sent that was not certainly meant: a value has to be read back with certainty, put into what was agreed it
has to give the note byte for byte, and the source has to take it. What is not sent stays in the note, and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from vaultsync.hookspecs import Edit
from vaultsync.lens.reading import Field, Reading
from vaultsync.merging.conflicts import LINES, PROPERTY, Callout, found
from vaultsync.merging.diff3 import matches
from vaultsync.merging.merge import merge_tags
from vaultsync.merging.reconcile import Agreed, Held, Render, as_followed, merged, parts, together
from vaultsync.merging.splice import places, unplaced
from vaultsync.model import Document, Value, field_value, with_values
from vaultsync.rendering.tracked import Rendered
from vaultsync.sending.aliases import Alias
from vaultsync.sending.earlier import says_what_was
from vaultsync.sending.edits import edits, same
from vaultsync.sending.fates import Fate, Outgoing


@dataclass(frozen=True, slots=True)
class Rules:
    """What stands against sending, but for the note itself; each says why, "" if nothing does.

    refusal: the source and its settings. read_only: the template. command: the service would take the text for one.
    """

    refusal: Callable[[Document, Edit], str]
    read_only: Callable[[Edit], str]
    command: Callable[[Edit], str]
    render: Render


@dataclass(frozen=True, slots=True)
class Copy:
    """A document as the vault holds it, beside what was agreed on. newest: as the source last told it.

    aliases: of its entry.
    """

    path: str
    agreed: Agreed
    held: Held
    readings: Mapping[str, Reading]
    newest: Document
    aliases: Collection[Alias] = ()


def outbox(copy: Copy, rules: Rules) -> tuple[Outgoing, ...]:
    """Every edit of a note with its fate: SEND for those that nothing stands against."""
    said = together(copy.readings)
    wanted = edits(copy.agreed.values(said.values), said)
    disputed = _disputed(copy)
    names = {block.id: block.block_id for block in copy.agreed.layout.blocks}
    weighed = [_weighed(copy, edit, names.get(edit.owner, ""), disputed, rules) for edit in wanted]
    sending = [one.edit for one in weighed if one.fate is Fate.SEND]
    proof = Proof(copy, rules.render)
    if sending and not proof.holds(sending):
        sure = [edit for edit in sending if proof.holds([edit])]
        sure = sure if proof.holds(sure) else []
        return tuple(
            replace(one, fate=Fate.REFUSED, why=UNSURE) if one.fate is Fate.SEND and one.edit not in sure else one
            for one in weighed
        )
    return tuple(weighed)


def _weighed(copy: Copy, edit: Edit, block: str, disputed: frozenset[tuple[str, str]], rules: Rules) -> Outgoing:
    """What stands against one edit."""
    if disputed & {(block, edit.field), (block, LINES)}:
        why = 'Both sides changed it; answer the callout in the note, or run "vaultsync resolve".'
        return Outgoing(edit, copy.path, block, Fate.CONFLICT, why)
    why = (
        rules.refusal(copy.newest, edit)
        or rules.read_only(edit)
        or (_CUT if _may_be_cut(copy, edit) else "")
        or (_EARLIER if says_what_was(copy.aliases, edit, elsewhere=_elsewhere(copy)) else "")
        or rules.command(edit)
    )
    return Outgoing(edit, copy.path, block, Fate.REFUSED if why else Fate.SEND, why)


_CUT = "The note ends right behind it, and did not before, so it may be cut off; put back what stood there, or a line."
_EARLIER = (
    "The source said this before its last news, as a copy of the block from then still does. To get the news, delete "
    'the block and run "vaultsync restore"; if you mean it, change a word of it, or change it at the source.'
)
UNSURE = "What was read does not give the note back as it is; put the lines around it back as they were."


def _disputed(copy: Copy) -> frozenset[tuple[str, str]]:
    """What the callouts in the notes are about, as block and field."""
    callouts = [one for text in (copy.held.note, *copy.held.elsewhere.values()) for one in found(text)]
    fields = {owned.key: owned.field for owned in copy.agreed.layout.properties}
    return frozenset((one.block_id, _field(one, fields)) for one in callouts if one.kind == "conflict")


def _field(callout: Callout, fields: Mapping[str, str]) -> str:
    name = callout.field.removeprefix(PROPERTY)
    return name if name == callout.field else fields.get(name, name)


def _elsewhere(copy: Copy) -> frozenset[str]:
    """Owners of blocks that stand in another note than the document's own."""
    return frozenset(owner for path, reading in copy.readings.items() if path for owner in reading.regions)


def _may_be_cut(copy: Copy, edit: Edit) -> bool:
    """Whether its value is the last of a note and something is gone behind it: half a file looks like that."""
    texts = {"": copy.held.note, **copy.held.elsewhere}
    base = copy.agreed.text
    blocks = {block.id: block.end for block in copy.agreed.layout.blocks}
    ends = {(span.owner, span.field, span.start): span.end for span in copy.agreed.layout.spans}
    for path, reading in copy.readings.items():
        for spot in reading.spots:
            if (spot.owner, spot.field) == (edit.owner, edit.field) and not texts[path][spot.end :].strip():
                start, end = ends.get((spot.owner, spot.field, spot.at), 0), blocks.get(spot.owner, 0)
                behind = "" if path else base[start:end]
                if behind.strip() or not texts[path].endswith("\n"):
                    return True
    return False


@dataclass
class Proof:
    """What edits are tried by: merging them into what was agreed has to give every note byte for byte.

    But for lines that a template prints otherwise for what was edited elsewhere in them, which are brought up to it.
    """

    copy: Copy
    render: Render

    def holds(self, sending: Sequence[Edit]) -> bool:
        """Whether these edits, and no others, give the notes as they are."""
        if self._unplaced & {(edit.owner, edit.field) for edit in sending}:
            return False
        held = self.copy.held
        outcome = merged(self._agreed, held, with_edits(self._agreed.document, sending), self.render)
        texts = [(held.note, outcome.text)]
        texts += [(text, outcome.elsewhere.get(path, text)) for path, text in held.elsewhere.items()]
        unlike = [_changed(was, now) for was, now in texts if was != now]
        return all(old <= self._followed[0] and new <= self._followed[1] for old, new in unlike)

    @cached_property
    def _agreed(self) -> Agreed:
        # What was sent before is none of the text yet.
        return replace(as_followed(replace(self.copy.agreed, sent={}), self.render), sent={}, arrived={}, shown={})

    @cached_property
    def _followed(self) -> tuple[set[str], set[str]]:
        """The lines that go from what was agreed, and those that come, by all that was edited."""
        agreed = self._agreed
        edited = with_edits(agreed.document, edits(agreed.document, together(self.copy.readings)))
        return _changed(agreed.text, self.render(edited).text)

    @cached_property
    def _unplaced(self) -> set[Field]:
        """Fields of which something was read that can't be put back where it stands."""
        copy = self.copy
        own = Rendered(copy.agreed.text, copy.agreed.layout)
        bases = {"": own, **parts(copy.agreed, copy.held, copy.readings[""])}
        found: set[Field] = set()
        for path, reading in copy.readings.items():
            base, text = bases[path], copy.held.elsewhere[path] if path else copy.held.note
            where = places(base.text, base.layout, text, reading)
            found |= {(spot.owner, spot.field) for spot in unplaced(base.layout, reading, where)}
        return found


def _changed(was: str, now: str) -> tuple[set[str], set[str]]:
    """The lines of a text that are not in another any more, and those that are new in that."""
    one, two = was.splitlines(), now.splitlines()
    found = matches(one, two)
    stay = {line for match in found for line in range(match.a, match.a + match.length)}
    there = {line for match in found for line in range(match.b, match.b + match.length)}
    gone = {line.rstrip() for number, line in enumerate(one) if number not in stay}
    return gone, {line.rstrip() for number, line in enumerate(two) if number not in there}


def with_edits(document: Document, changes: Sequence[Edit]) -> Document:
    """The document with edits made."""
    return with_values(document, {(edit.owner, edit.field): edit.after for edit in changes})


def value_of(document: Document, edit: Edit) -> Value | None:
    """What a document says of an edit's field; None if what it is of is gone."""
    if not edit.owner:
        return None if document.deleted else field_value(document, edit.field)
    highlights = {highlight.id: highlight for highlight in document.live}
    owner = highlights.get(edit.owner)
    return None if owner is None else field_value(owner, edit.field)


def fate_of(edit: Edit, fresh: Value | None) -> Fate:
    """What is to be done about an edit, by what the source says now: three ways, tags one by one.

    >>> fate_of(Edit("r:1", "", "note", "was", "mine"), "theirs")
    <Fate.CONFLICT: 'in conflict'>
    """
    if fresh is None:
        return Fate.REFUSED
    if isinstance(fresh, tuple) and isinstance(edit.before, tuple) and isinstance(edit.after, tuple):
        wanted: Value = merge_tags(edit.before, edit.after, fresh)
        return Fate.AGREED if same(wanted, fresh) else Fate.SEND
    if same(fresh, edit.after):
        return Fate.AGREED
    return Fate.SEND if same(fresh, edit.before) else Fate.CONFLICT
