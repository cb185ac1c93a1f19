"""What a note's user changed, field by field: the edits that follow from base and ours. No I/O."""

from __future__ import annotations

from vaultsync.hookspecs import Edit
from vaultsync.lens.reading import Reading
from vaultsync.model import Document, field_value


def edits(base: Document, reading: Reading) -> tuple[Edit, ...]:
    """Every field that the notes say otherwise than base, in the order of the document.

    reading: of all notes that hold the document. A field that could not be read is no edit.
    """
    places = {"": -1} | {highlight.id: number for number, highlight in enumerate(base.highlights)}
    owners = {highlight.id: highlight for highlight in base.highlights}
    found = []
    for (owner, field), ours in reading.values.items():
        was = field_value(owners[owner] if owner else base, field)
        if was is not None and not same(was, ours):
            found.append(Edit(base.id, owner, field, was, ours))
    return tuple(sorted(found, key=lambda edit: (places[edit.owner], edit.field)))


def same(one: str | tuple[str, ...], other: str | tuple[str, ...]) -> bool:
    """Whether two values are the same to a service: tags are a set, whatever their case.

    >>> same(("Stoic", "b"), ("b", "stoic")), same("Stoic", "stoic")
    (True, False)
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        return {tag.casefold() for tag in one} == {tag.casefold() for tag in other}
    return one == other
