"""Type values over in rendered notes, one at a time, read the notes back, and count what comes of it. No I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import fields as struct_fields

from vaultsync.lens import rows as lens_rows
from vaultsync.lens.get import read
from vaultsync.lens.inverse import Value, same_text, shown
from vaultsync.lens.reading import Reading
from vaultsync.lint import reasons as why
from vaultsync.merging.patch import taken
from vaultsync.model import EXTRA, PUBLISHED, Document, Highlight, field_value
from vaultsync.rendering.specimen import FLAGS, Specimens
from vaultsync.rendering.tracked import AS_DAY, AS_FLAG, Rendered, Steps
from vaultsync.scalars import item, quoted, scalar
from vaultsync.tags import local_tags

Owner = Literal["document", "highlight"]
Key = tuple[Owner, str]
Where = Literal["property", "text"]
# What is done to a value: another is typed, one where there was none, nothing is left of it; or whatever is done, it
# had several lines that nothing marks as its own, or one of the two has a list in it.
Done = Literal["changed", "begun", "cleared", "long", "listed"]

_REFUSED = 0.05  # of trials: what is refused more often does not work
_RIGHT = ""


def _edited(owner: Owner, model: type[Document | Highlight]) -> Iterator[Key]:
    """Fields that are text or tags, but for those that only a service gives: names, addresses, the full text."""
    named = ("id", "block_id", "source", "account", "cover_file", "service_url")
    given = (*named, "location_type", "view", "site_name", "content")
    for one in struct_fields(model):
        if one.type in (str, tuple[str, ...]) and one.name not in given:
            yield owner, one.name


_FIELDS: tuple[Key, ...] = (*_edited("document", Document), *_edited("highlight", Highlight))
FIELDS: tuple[Key, ...] = (
    *_FIELDS,
    ("document", PUBLISHED),
    *(("document", f"{EXTRA}{name}") for name in FLAGS),
)


def owner_of(identity: str) -> Owner:
    """Whose a field is. identity: a highlight's id, "" for the document."""
    return "highlight" if identity else "document"


@dataclass(slots=True)
class Tally:
    """What came of the trials of one field. outcomes: why it was refused, or "" for right, with how often."""

    outcomes: dict[tuple[Where, Done], Counter[str]] = field(default_factory=dict)

    @property
    def only_empty(self) -> bool:
        """Whether it had a place only when it was empty."""
        return all(done == "begun" for _, done in self.outcomes)

    def told(self, where: Where, done: Done | None = None) -> Counter[str]:
        """The outcomes in properties or in the text. done: only of this."""
        found = (one for key, one in self.outcomes.items() if key[0] == where and done in (None, key[1]))
        return sum(found, Counter[str]())

    def refusal(self, where: Where, done: Done | None = None) -> str:
        """Why most of the trials there that were refused were, "" if hardly any was. done: only of this."""
        outcomes = self.told(where, done)
        refused = Counter({reason: count for reason, count in outcomes.items() if reason != _RIGHT})
        return refused.most_common(1)[0][0] if refused.total() > _REFUSED * outcomes.total() else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field stands in a note. key: of its property, "" in the text; start, end: there, in characters.

    barred: why nothing typed there is read.
    """

    via: Steps = ()
    key: str = ""
    start: int = 0
    end: int = 0
    barred: str = ""

    @property
    def where(self) -> Where:
        return "property" if self.key else "text"

    @property
    def holds_lines(self) -> bool:
        """Whether a value can have several lines there."""
        return bool(self.key) or any(step[0] in ("quote", "indent", "cell") for step in self.via)


@dataclass(slots=True)
class Trials:
    """What came of typing values over.

    count: notes read. placeless: fields that had no place in a note when they were empty. misread: fields read as
    what nobody typed, and those typed over then.
    """

    count: int = 0
    tallies: dict[Key, Tally] = field(default_factory=dict)
    placeless: set[Key] = field(default_factory=set)
    misread: set[Key] = field(default_factory=set)

    def over(self, document: Document, note: Rendered, specimens: Specimens) -> None:
        """Type over one value of each field, each in a note as it was."""
        for one in note.layout.properties:
            if one.via in (AS_FLAG, AS_DAY):
                self._try(document, note, ("", one.field), _Place(one.via, one.key), specimens)
        for owner, name in _FIELDS:
            things: tuple[Document | Highlight, ...] = (document,) if owner == "document" else document.highlights
            if not things:
                continue
            thing = specimens.chance.pick(things)
            identity = thing.id if owner == "highlight" else ""
            places = list(_places(note, identity, name))
            if places:
                place = specimens.chance.pick([one for one in places if not one.barred] or places)
                self._try(document, note, (identity, name), place, specimens)
            elif not field_value(thing, name):
                self.placeless.add((owner, name))

    def _try(
        self, document: Document, note: Rendered, key: tuple[str, str], place: _Place, specimens: Specimens
    ) -> None:
        """Type over the value in one place."""
        identity, name = key
        was = _values(document)[identity, name]
        new = specimens.other(name, was, several=place.holds_lines)
        outcome = place.barred or self._outcome(document, note, key, place, new)
        outcomes = self.tallies.setdefault((owner_of(identity), name), Tally()).outcomes
        outcomes.setdefault((place.where, _done(was, new, place)), Counter())[outcome] += 1

    def _outcome(self, document: Document, note: Rendered, key: tuple[str, str], place: _Place, new: Value) -> str:
        """What comes of one value typed over: "" if it is read as it was meant, else why not."""
        self.count += 1
        reading = read(note.text, note.layout, _typed(note, place, new), document)
        misread = _misread(reading, document, key, new)
        self.misread |= {(owner_of(identity), name) for identity, name in ((key, *misread) if misread else ())}
        if key in reading.values and _same(reading.values[key], new):
            return _RIGHT
        reason = next((one.reason for one in reading.refusals if (one.owner, one.field) == key), why.MISSED)
        return _cause(note, place, reason)


def _values(document: Document) -> dict[tuple[str, str], Value]:
    """What can be edited of a document, by a highlight's id or "", and by name."""
    things: list[tuple[Owner, str, Document | Highlight]] = [("document", "", document)]
    things += [("highlight", one.id, one) for one in document.highlights]
    return {
        (identity, name): value
        for kind, identity, one in things
        for owner, name in FIELDS
        if owner == kind and (value := field_value(one, name)) is not None
    }


def _places(note: Rendered, owner: str, name: str) -> Iterator[_Place]:
    if not owner:
        yield from (_Place(one.via, one.key) for one in note.layout.properties if one.field == name)
    for span in note.layout.spans:
        if (span.owner, span.field) == (owner, name):
            yield _Place(span.via, "", span.start, span.end, _barred(note, span.start, owner, name))


def _barred(note: Rendered, start: int, owner: str, name: str) -> str:
    """Why nothing typed there is read, whatever is around it; "" if it may be."""
    if (owner, name) == ("", "title"):
        return why.HEADING
    above = [block for block in note.layout.blocks if block.start <= start]
    if above and start >= above[-1].end:
        return why.OUTSIDE
    return "" if (above[-1].id if above else "") == owner else why.ELSEWHERE


def _cause(note: Rendered, place: _Place, reason: str) -> str:
    """Why a value is refused, where the lens has nothing to say of that."""
    if reason in (why.MISSED, lens_rows.FOREIGN) and _shares_line(note, place.start):
        return why.SHARED
    touching = sum(span.start <= place.end and place.start <= span.end for span in note.layout.spans)
    return lens_rows.BESIDE if reason == why.MISSED and not place.key and touching > 1 else reason


def _shares_line(note: Rendered, start: int) -> bool:
    """Whether the block there begins on the line the one before ends on, or ends on the next one's first."""
    blocks = note.layout.blocks
    ends = [
        (one.end, other.start)
        for one, other in zip(blocks, blocks[1:], strict=False)
        if one.start <= start <= other.end
    ]
    return any("\n" not in note.text[end - 1 : begin] for end, begin in ends)


def _typed(note: Rendered, place: _Place, new: Value) -> str:
    """The note with a value typed over."""
    if not place.key:
        return note.text[: place.start] + shown(new, place.via) + note.text[place.end :]
    if place.via in (AS_FLAG, AS_DAY):
        value = str(new)
    elif isinstance(new, tuple) and not place.via:
        value = f"[{', '.join(item(tag, flow=True) for tag in local_tags(new))}]"
    else:
        value = quoted(shown(new, place.via))
    front, body = note.text[: note.layout.body], note.text[note.layout.body :]
    edited = taken(front, f"---\n{scalar(place.key)}: {value}\n---\n", place.key)
    # None for YAML that only the template's author understands; what is typed into that is not noticed.
    return (edited or front) + body


_LIST = re.compile(r"\n(?:[-*+]|\d+[.)]) ")


def _done(was: Value, new: Value, place: _Place) -> Done:
    if isinstance(was, str) and "\n" in was and not place.holds_lines:
        return "long"
    if any(isinstance(one, str) and _LIST.search(one) for one in (was, new)):
        return "listed"
    return "begun" if not was else "changed" if new else "cleared"


def _misread(reading: Reading, document: Document, key: tuple[str, str], new: Value) -> list[tuple[str, str]]:
    """Fields that are read as what nobody typed; to notice nothing is not to misread."""
    return [
        one
        for one, was in _values(document).items()
        if one in reading.values
        and not _same(reading.values[one], was)
        and not (one == key and _same(reading.values[one], new))
    ]


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple):
        return set(one) == set(other)
    return same_text(one, other)
