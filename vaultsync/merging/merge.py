"""Merge what changed at the source into a note its user edited: fields first, then text, block by block. No I/O.

The merged values are put into base and into ours, and theirs is rendered from them: so no value is a difference, and
what remains is text. It is merged line by line within each block, wherever its user has put the block. All else is
its user's: order, prose, deleted blocks, and every byte that nothing has to change.

Where both sides changed the same, ours stays and a callout tells theirs (`conflicts`). A highlight that is gone at the
source takes its block along, unless its user wrote in it: then it stays and a callout marks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from vaultsync.lens.inverse import Value
from vaultsync.lens.reading import Reading
from vaultsync.merging.body import Body
from vaultsync.merging.conflicts import FieldConflict, cleared, count, found
from vaultsync.merging.patch import TAGS_KEY, merge_properties, with_deleted
from vaultsync.merging.splice import base_with_values, ours_with_values, places, printed_values
from vaultsync.model import Document, Highlight, field_value, with_fields
from vaultsync.note import Note, join, split
from vaultsync.rendering.tracked import Layout, Rendered

__all__ = ["FieldConflict", "MergedNote", "adopt_note", "merge_fields", "merge_note", "merge_tags"]


class MergedNote(msgspec.Struct, frozen=True):
    """What a note becomes.

    conflicts: how many it holds, earlier ones included. notices: sentences for its user. kept: ids of highlights that
    are gone at the source and whose blocks stay.
    """

    text: str
    conflicts: int = 0
    notices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def merge_fields(base: Document, reading: Reading, theirs: Document) -> tuple[Document, tuple[FieldConflict, ...]]:
    """Theirs with what its user changed in the note; on a conflict with ours' value.

    A field that could not be read counts as unchanged. Highlights are those of theirs.
    """
    was = {highlight.id: highlight for highlight in base.highlights}
    read: dict[str, dict[str, Value]] = {}
    for (owner, name), value in reading.values.items():
        read.setdefault(owner, {})[name] = value
    disputed: list[FieldConflict] = []
    fields = _merged_fields(base, read.get("", {}), theirs, disputed)
    highlights = []
    for highlight in theirs.highlights:
        mine = read.get(highlight.id, {}) if highlight.id in was else {}
        changed = _merged_fields(was.get(highlight.id, highlight), mine, highlight, disputed)
        highlights.append(with_fields(highlight, changed))
    merged = msgspec.structs.replace(with_fields(theirs, fields), highlights=tuple(highlights))
    return merged, tuple(disputed)


def _merged_fields(
    base: Document | Highlight,
    ours: Mapping[str, Value],
    theirs: Document | Highlight,
    disputed: list[FieldConflict],
) -> dict[str, Value]:
    """The fields in which ours is merged into theirs. disputed: takes the conflicts."""
    owner = theirs.id if isinstance(theirs, Highlight) else ""
    changed: dict[str, Value] = {}
    for name, mine in ours.items():
        was, new = field_value(base, name), field_value(theirs, name)
        if isinstance(was, tuple) and isinstance(new, tuple) and isinstance(mine, tuple):
            changed[name] = merge_tags(was, mine, new)
        elif isinstance(new, str) and isinstance(mine, str) and mine not in (was, new):
            changed[name] = mine
            if new != was:
                disputed.append(FieldConflict(owner, name, mine, new))
    return changed


def merge_tags(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Tags as sets, whatever their case: what either side took out is out, what either put in is in.

    In theirs' order with ours' new ones behind; but as ours has them if that is all there is.

    >>> merge_tags(("a", "b"), ("A", "b", "mine"), ("new", "a"))
    ('new', 'a', 'mine')
    """
    was, mine, new = ({tag.casefold() for tag in tags} for tags in (base, ours, theirs))
    if mine == was:
        return theirs
    stays = [tag for tag in theirs if tag.casefold() in mine or tag.casefold() not in was]
    merged = {tag.casefold(): tag for tag in (*ours, *stays) if tag.casefold() in new or tag.casefold() not in was}
    if merged.keys() == mine:
        return ours
    return (*stays, *(tag for name, tag in merged.items() if name not in {one.casefold() for one in stays}))


def merge_note(
    base: Rendered,
    ours: str,
    reading: Reading,
    theirs: Rendered,
    conflicts: Sequence[FieldConflict] = (),
    *,
    front: str | None = None,
) -> MergedNote:
    """Merge theirs into ours.

    base: as we wrote it. reading: of this very `ours`. theirs: rendered from the merged document. conflicts: those of
    its fields. front: the properties agreed on, if they are others than those of base.
    """
    was = base.text[: base.layout.body] if front is None else front
    return _merged(_Sides(base, was, ours, reading, theirs), conflicts)


def adopt_note(
    known: Rendered, ours: str, reading: Reading, theirs: Rendered, conflicts: Sequence[FieldConflict]
) -> MergedNote:
    """Take over a note nobody knows the base of; what differs is a conflict, and what it lacks comes in.

    known: what the source renders to, of highlights that ours has. reading: of ours, by that.
    """
    return _merged(_Sides(known, "", ours, reading, theirs, adopting=True), conflicts)


class _Sides(msgspec.Struct, frozen=True):
    """The three sides of a merge. front: the properties of base. adopting: nobody knows the base."""

    base: Rendered
    front: str
    ours: str
    reading: Reading
    theirs: Rendered
    adopting: bool = False


def _merged(sides: _Sides, conflicts: Sequence[FieldConflict]) -> MergedNote:
    ours, reading, theirs = sides.ours, sides.reading, sides.theirs
    base, layout = sides.base
    newline = "\r\n" if ours.count("\r\n") * 2 > ours.count("\n") else "\n"
    ends = not ours or ours.endswith("\n")
    whole = ours if ends else ours + newline
    values = printed_values(theirs.text, theirs.layout, {(spot.owner, spot.field) for spot in reading.spots})
    where = places(base, layout, whole, reading, values)
    was = base_with_values(base, layout, reading, values, where)
    mine = ours_with_values(base, whole, reading, values, where, newline)
    note = split(mine.text)
    tags = {TAGS_KEY, *(one.key for one in theirs.layout.properties if one.field == "tags" and not one.via)}
    patched = merge_properties(sides.front, note.front, theirs.text[: theirs.layout.body], newline=newline, tags=tags)
    body = Body(reading, layout, theirs.layout, newline.removesuffix("\n"), base, adopting=sides.adopting)
    body.merge(was, mine, theirs.text)
    for one in patched.conflicts:
        body.tell_property(one.key, one.theirs)
    for conflict in conflicts:
        body.tell(conflict, mine)
    front = with_deleted(patched.text, deleted=False, newline=newline)
    text = join(Note(note.mark, front, body.text()))
    text = cleared(text, [aside for aside in found(text) if aside.kind == "deleted" and body.lives(aside.block_id)])
    notices = (*_copies(reading, layout), *([] if patched.readable else [_UNREADABLE]))
    done = text if ends else text.rstrip("\r\n")
    return MergedNote(done, count(text), notices, tuple(body.kept))


_UNREADABLE = "Its properties are not YAML that can be patched, so they were left as they are; mend them by hand."


def _copies(reading: Reading, layout: Layout) -> list[str]:
    names = {block.id: block.block_id for block in layout.blocks}
    return [
        f"The block ^{names[owner]} stands in it more than once; only the first is kept up to date."
        for owner in reading.copies
        if owner in names
    ]
