"""Work a document's news into the notes that hold it: what its user wrote stays, what is new arrives. No I/O.

Where we know what both sides last agreed on, that is a merge. Where we don't (the state was lost), what the note and
the source have in common stands in for it: what only one of them has is kept, what differs is a conflict.
A block its user moved to another note is read there, and gets its news there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from vaultsync.adopting.foreign import as_agreed, without_news
from vaultsync.lens.get import read
from vaultsync.lens.reading import Field, Reading
from vaultsync.merging.conflicts import Callout, FieldConflict, found, masked
from vaultsync.merging.merge import adopt_note, merge_fields, merge_note
from vaultsync.merging.patch import taken
from vaultsync.model import Document, Highlight, Value, differing_fields, field_value, values_of, with_values
from vaultsync.note import anchors
from vaultsync.rendering.reprint import reprinted
from vaultsync.rendering.tracked import Block, Layout, Rendered
from vaultsync.sending.edits import edits

Render = Callable[[Document], Rendered]


class Agreed(msgspec.Struct, frozen=True):
    """What both sides last agreed on: the text as rendered, where all in it stands, and the document it shows.

    tags: every tag the source has, as it spells it; a tag typed in a note may be one of them. foreign: owners of blocks
    that are in the note as another program laid them out; "" for the text before them. sent: what the source has taken
    since, which the text does not show yet. arrived: what it says that was sent, though it never answered to that.
    shown: what the note was last made of beside the document: what its user had typed that the source has not.
    """

    text: str
    layout: Layout
    document: Document
    tags: Collection[str] = ()
    foreign: frozenset[str] = frozenset()
    sent: Mapping[Field, Value] = msgspec.field(default_factory=dict)
    arrived: Mapping[Field, Value] = msgspec.field(default_factory=dict)
    shown: Mapping[Field, Value] = msgspec.field(default_factory=dict)

    @property
    def known(self) -> Document:
        """The document with what the source is known to have taken."""
        return with_values(self.document, self.sent)

    def values(self, said: Mapping[Field, Value]) -> Document:
        """The document with all that both sides agree on: by this it is told who changed what. said: by the notes.

        What arrived unheard is only agreed on where more was typed since. Where it was taken back it may be that it
        never arrived, and was typed at the source instead: nothing is emptied there, or put back, on a guess.
        """
        was = values_of(self.known, self.arrived)
        typed_on = {field for field in self.arrived if said.get(field, "") not in ("", was.get(field))}
        return with_values(self.known, {field: self.arrived[field] for field in typed_on})


class Held(msgspec.Struct, frozen=True):
    """What the vault holds of a document: its note, and by path other notes to which its user moved blocks of it."""

    note: str
    elsewhere: Mapping[str, str] = msgspec.field(default_factory=dict)


class Reconciled(msgspec.Struct, frozen=True):
    """What the notes become. base: what is agreed from now on. elsewhere: other notes that change, by path.

    conflicts: how many there are of the document, in any note. kept: ids of highlights that are gone at the source and
    stay. away: highlights that have news and whose block is in no note, as they were agreed on; that they stay.
    copies: highlights whose block stands in the note more than once. unsent: it says other than the source does.
    shown: what it says otherwise, where its template makes more of that than its user typed.
    """

    text: str
    base: Rendered
    conflicts: int = 0
    notices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = msgspec.field(default_factory=dict)
    away: tuple[Highlight, ...] = ()
    copies: tuple[str, ...] = ()
    unsent: bool = False
    shown: Mapping[Field, Value] = msgspec.field(default_factory=dict)


def merged(agreed: Agreed, held: Held, theirs: Document, render: Render) -> Reconciled:
    """Merge what changed at the source into notes their user edited."""
    agreed = as_followed(agreed, render)
    reading = readings(agreed, held, asked=differing_fields(agreed.document, theirs) | agreed.sent.keys())
    said = together(reading)
    wanted, disputed = merge_fields(agreed.values(said.values), said, theirs)
    told = render(theirs)
    arriving = told if wanted == theirs else render(wanted)
    if agreed.foreign:
        edited = {edit.owner for edit in edits(agreed.document, said)}
        still = agreed.foreign & without_news(render(agreed.document), told) - edited
        arriving = as_agreed(arriving, Rendered(agreed.text, agreed.layout), still)
    was, front = Rendered(agreed.text, agreed.layout), _front(agreed, render)
    note = merge_note(was, held.note, reading[""], arriving, disputed, front=front)
    elsewhere = {}
    for path, old in parts(agreed, held, reading[""]).items():
        new = part(arriving, {block.id for block in old.layout.blocks})
        text = held.elsewhere[path]
        elsewhere[path] = merge_note(old, text, reading[path], new, disputed).text
    conflicts = _conflicts(agreed, Held(note.text, elsewhere), theirs, reading[""])
    away = _away(agreed, held, theirs, reading[""])
    base = render(_with(theirs, away)) if away else told
    copies, unsent = reading[""].copies, wanted != theirs
    shown = _shown(theirs, wanted, told, arriving) if unsent and not agreed.foreign else {}
    return Reconciled(note.text, base, conflicts, note.notices, note.kept, elsewhere, away, copies, unsent, shown)


def as_followed(agreed: Agreed, render: Render) -> Agreed:
    """What was agreed, with what a template has made since of what was typed, but for the places where it was typed.

    Else what it made of earlier words would pass for its user's own, and be in conflict with what it makes of new ones.
    In the places themselves stays what was agreed: their words are theirs, whether they can be read or not. Only where
    the template still gives what was agreed; it may have changed.
    """
    if not agreed.shown or render(agreed.document).text != agreed.text:
        return agreed
    were = values_of(agreed.document, agreed.shown)
    document = with_values(agreed.document, agreed.shown)
    made = render(document)
    front = {("", one.field) for one in made.layout.properties}
    # A title is read in the properties only; what else stands there and below is typed into two places.
    twice = {(one.owner, one.field) for one in made.layout.spans} & front & were.keys() - {("", "title")}
    note = reprinted(made, {field: (agreed.shown[field], was) for field, was in were.items() if field not in front})
    if note is None or twice:
        return agreed
    document = with_values(document, {field: was for field, was in were.items() if field not in front})
    sent = {**{field: was for field, was in were.items() if field in front}, **agreed.sent}
    return msgspec.structs.replace(agreed, text=note.text, layout=note.layout, document=document, sent=sent)


def _shown(theirs: Document, wanted: Document, told: Rendered, arriving: Rendered) -> dict[Field, Value]:
    """What a note says otherwise than the source, if its template makes more of that than its user typed."""
    mine = values_of(wanted, differing_fields(theirs, wanted))
    were = values_of(theirs, mine)
    typed = reprinted(told, {field: (were[field], value) for field, value in mine.items() if field in were})
    return mine if typed is None or typed.text != arriving.text else {}


def _front(agreed: Agreed, render: Render) -> str | None:
    """The properties with what was sent of them since, None if that is nothing."""
    if not any(owner == "" for owner, _ in agreed.sent):
        return None
    shown, front = render(agreed.known), agreed.text[: agreed.layout.body]
    for one in shown.layout.properties:
        if ("", one.field) in agreed.sent:
            front = taken(front, shown.text[: shown.layout.body], one.key) or front
    return front


def _away(agreed: Agreed, held: Held, theirs: Document, own: Reading) -> tuple[Highlight, ...]:
    """Highlights with news whose block is in no note: nobody has seen those, so what they were stays agreed on.

    Its user may have cut the block out to put it somewhere else, and when it is back it is not an edit of the news.
    """
    missing = set(own.absent).difference(*_moved(agreed, held, own).values()) if own.absent else set()
    now = {highlight.id: highlight for highlight in theirs.live}
    was = (highlight for highlight in agreed.known.highlights if highlight.id in missing)
    return tuple(highlight for highlight in was if highlight != now.get(highlight.id, highlight))


def _with(document: Document, others: Iterable[Highlight]) -> Document:
    """The document with other highlights of the same ids."""
    new = {highlight.id: highlight for highlight in others}
    return msgspec.structs.replace(document, highlights=tuple(new.get(one.id, one) for one in document.highlights))


def conflicts_elsewhere(agreed: Agreed, held: Held, own: Reading) -> tuple[tuple[str, Callout], ...]:
    """The conflicts about blocks that were moved, each with the path of the note it stands in."""
    names = {path: {block.block_id for block in old.layout.blocks} for path, old in parts(agreed, held, own).items()}
    return tuple(
        (path, one)
        for path, blocks in names.items()
        for one in found(held.elsewhere[path])
        if one.kind == "conflict" and one.block_id in blocks
    )


def _conflicts(agreed: Agreed, held: Held, theirs: Document, own: Reading) -> int:
    """How many conflicts of a document there are, wherever they stand; in its note may be some of another's blocks."""
    names = {block.block_id for block in agreed.layout.blocks} | {one.block_id for one in theirs.highlights} | {""}
    here = sum(one.kind == "conflict" and one.block_id in names for one in found(held.note))
    return here + len(conflicts_elsewhere(agreed, held, own))


def readings(agreed: Agreed, held: Held, *, asked: Collection[Field] | None = None) -> dict[str, Reading]:
    """What each note says, by path; "" is the document's own note. asked: as lens.get.read has it."""
    own = read(agreed.text, agreed.layout, masked(held.note), agreed.document, agreed.tags, asked=asked)
    found = {"": own}
    for path, old in parts(agreed, held, own).items():
        text = masked(held.elsewhere[path])
        found[path] = read(old.text, old.layout, text, agreed.document, agreed.tags, asked=asked)
    return found


def parts(agreed: Agreed, held: Held, own: Reading) -> dict[str, Rendered]:
    """What was agreed on blocks that were moved, by the path of the note they are in. own: of the document's note."""
    base = Rendered(agreed.text, agreed.layout)
    return {path: part(base, moved) for path, moved in _moved(agreed, held, own).items()}


def together(reading: Mapping[str, Reading]) -> Reading:
    """What all notes of a document say of its fields; of a block only the one it stands in says anything."""
    values = {key: value for one in reading.values() for key, value in one.values.items()}
    refusals = tuple(one for each in reading.values() for one in each.refusals)
    return msgspec.structs.replace(reading[""], values=values, refusals=refusals)


def _moved(agreed: Agreed, held: Held, own: Reading) -> dict[str, frozenset[str]]:
    """The highlights whose blocks were moved, by the path of the note they are in; one that is in two is in neither."""
    names = {block.block_id: block.id for block in agreed.layout.blocks if block.id in own.absent}
    where = {path: anchors(text, names) for path, text in held.elsewhere.items()}
    times = Counter(name for there in where.values() for name in there)
    found = {path: frozenset(names[name] for name in there if times[name] == 1) for path, there in where.items()}
    return {path: owners for path, owners in found.items() if owners}


def restoring(agreed: Agreed, held: Held, blocks: Collection[str] = ()) -> Agreed:
    """What was agreed but for blocks that are in no note: they come in again as if they were new.

    blocks: by what they are called in the note; all that are missing if empty.
    """
    own = read(agreed.text, agreed.layout, masked(held.note), agreed.document, agreed.tags)
    gone = set(own.absent).difference(*_moved(agreed, held, own).values())
    if blocks:
        gone &= {block.id for block in agreed.layout.blocks if block.block_id in blocks}
    stay = tuple(block for block in agreed.layout.blocks if block.id not in gone)
    spans = tuple(span for span in agreed.layout.spans if span.owner not in gone)
    layout = msgspec.structs.replace(agreed.layout, blocks=stay, spans=spans)
    return msgspec.structs.replace(agreed, layout=layout, shown={})


def missing(agreed: Agreed, held: Held, own: Reading) -> tuple[str, ...]:
    """What the blocks are called that are in no note. own: of the document's note."""
    gone = set(own.absent).difference(*_moved(agreed, held, own).values())
    return tuple(block.block_id for block in agreed.layout.blocks if block.id in gone)


def part(rendered: Rendered, owners: Iterable[str]) -> Rendered:
    """The blocks of some highlights alone: no properties, nothing of the document's own."""
    wanted = set(owners)
    out: list[str] = []
    blocks, spans = [], []
    at = 0
    for block in rendered.layout.blocks:
        if block.id not in wanted:
            continue
        by = at - block.start
        text = rendered.text[block.start : block.end]
        ends = text if text.endswith("\n") else f"{text}\n"
        out.append(ends)
        blocks.append(Block(at, at + len(text), block.id, block.block_id))
        spans += [
            msgspec.structs.replace(span, start=span.start + by, end=span.end + by)
            for span in rendered.layout.spans
            if block.start <= span.start and span.end <= block.end
        ]
        at += len(ends)
    return Rendered("".join(out), Layout(0, tuple(blocks), tuple(spans), ()))


def adopted(held: Held, theirs: Document, render: Render) -> Reconciled:
    """Take over notes nobody knows the base of. What they lack comes in, what they say otherwise is a conflict."""
    names = {highlight.block_id for highlight in theirs.highlights}
    there = {name for text in (held.note, *held.elsewhere.values()) for name in anchors(text, names)}
    highlights = [
        msgspec.structs.replace(highlight, deleted=False)
        for highlight in theirs.highlights
        if highlight.block_id in there
    ]
    known = msgspec.structs.replace(theirs, highlights=tuple(highlights))
    shown = render(known)
    agreed = Agreed(shown.text, shown.layout, known)
    reading = readings(agreed, held)
    said = together(reading)
    wanted, _ = merge_fields(known, said, theirs)
    base, arriving, differing = render(theirs), render(wanted), _differing(known, said)
    note = adopt_note(shown, held.note, reading[""], arriving, differing)
    elsewhere = {}
    for path, old in parts(agreed, held, reading[""]).items():
        new = part(arriving, {block.id for block in old.layout.blocks})
        elsewhere[path] = adopt_note(old, held.elsewhere[path], reading[path], new, differing).text
    conflicts = _conflicts(agreed, Held(note.text, elsewhere), theirs, reading[""])
    return Reconciled(note.text, base, conflicts, note.notices, note.kept, elsewhere)


def _differing(known: Document, reading: Reading) -> tuple[FieldConflict, ...]:
    """Every field that the note says otherwise than the source."""
    owners = {highlight.id: highlight for highlight in known.highlights}
    found = []
    for (owner, name), mine in reading.values.items():
        theirs = field_value(owners[owner] if owner else known, name)
        assert theirs is not None  # it was read by what is known of it
        same = _folded(mine) == _folded(theirs) if isinstance(mine, tuple) else mine == theirs
        if not same:
            found.append(FieldConflict(owner, name, mine, theirs))
    return tuple(found)


def _folded(tags: Iterable[str]) -> set[str]:
    return {tag.casefold() for tag in tags}
