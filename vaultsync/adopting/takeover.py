"""Take over a note that another program made of a document: whose it is, and what it becomes. No I/O.

Its layout is not ours and stays: highlights it holds get block ids, those it lacks come in at its end, properties it
lacks at theirs. What it says in another spelling is agreed (`aliases`); only a highlight's note that says something
else is a conflict. So what follows is an ordinary note with words of its user's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from vaultsync.adopting.passages import Placed, held, placed, says
from vaultsync.hookspecs import Edit
from vaultsync.lens.get import read
from vaultsync.lens.reading import Reading
from vaultsync.merging.conflicts import FieldConflict
from vaultsync.merging.merge import merge_fields, merge_note
from vaultsync.merging.patch import merge_properties
from vaultsync.merging.reconcile import Render, part
from vaultsync.model import Document, field_value
from vaultsync.note import ID_KEY, Note, anchor_names, join, split
from vaultsync.properties import read_properties
from vaultsync.rendering.tracked import Rendered
from vaultsync.sending.aliases import LAYOUT, OWN_TAGS, Alias, localized
from vaultsync.sending.edits import edits

HEADING = "## New highlights"
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"'|]+")
_BOOK = re.compile(r"https?://readwise\.io/bookreview/(\d+)")
_ASIN = re.compile(r"[?&]asin=(\w+)")
_STATED = re.compile(r"^Readwise URL:[ \t]*(\S+)", re.MULTILINE)
_TITLE = re.compile(r"^(?:#|(?:- )?(?:Full )?Title:)[ \t]+(.+)$", re.MULTILINE)
_AUTHOR = re.compile(r"^(?:- )?Authors?:[ \t]+(.+)$", re.MULTILINE)
# As other programs name the blocks of highlights: the bare id, or with a prefix of theirs.
_NAMES = re.compile(r"(?:rwhi|rw)?(\d+)")

STATED = "the address of its book"
LINKED = "links and block ids of its highlights"
ADDRESS = "its address"
KINDLE = "links to its place on Kindle"
TITLE = "its title and author"


@dataclass(frozen=True, slots=True)
class Match:
    """A note that is of a document. by: what tells it, as words."""

    document: str
    by: str


@dataclass(slots=True)
class Shelf:
    """Documents by all they can be told by; `documents` by id. Filled once, by `shelved`."""

    documents: dict[str, Document] = field(default_factory=dict)
    signs: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def named(self, kind: str, names: Iterable[str]) -> set[str]:
        """The ids of documents that any of these names is a sign of."""
        return {identity for name in names for identity in self.signs[kind].get(name, ())}


def shelved(documents: Iterable[Document]) -> Shelf:
    """Put documents where they can be found."""
    shelf = Shelf()
    for document in documents:
        shelf.documents[document.id] = document
        for kind, name in _signs(document):
            shelf.signs[kind][name].add(document.id)
    return shelf


def _signs(document: Document) -> Iterator[tuple[str, str]]:
    """Everything one document can be told by."""
    book = _BOOK.match(document.service_url)
    if book:
        yield STATED, book[1]
    for url in (document.url, document.service_url, document.extra.get("reader_url"), document.extra.get("unique_url")):
        if isinstance(url, str) and url:
            yield ADDRESS, _plain(url)
    for highlight in document.live:
        yield LINKED, highlight.id
        yield from ((LINKED, _plain(url)) for url in (highlight.url, highlight.service_url) if highlight.id in url)
        if "/read/" in highlight.url:  # Reader's own, one for each highlight
            yield LINKED, _plain(highlight.url)
    if asin := document.extra.get("asin"):
        yield KINDLE, str(asin)
    yield TITLE, _folded(f"{document.title}/{document.author}")


def matched(text: str, stem: str, shelf: Shelf) -> tuple[Match, ...]:
    """The documents a note may be of: one if that is certain, more if it can't be told which.

    stem: its file's name without the suffix. A note that only quotes a document is not of it: it has to bear its title
    and hold a passage, or hold half of them, unless it names its book outright.
    """
    note = split(text)
    properties = read_properties(text)
    stated = [str(properties.get("uri", "")), *_STATED.findall(note.body)]
    outright = shelf.named(STATED, [found[1] for found in map(_BOOK.match, stated) if found])
    if outright:
        return tuple(Match(identity, STATED) for identity in sorted(outright))
    titles = [*_TITLE.findall(note.body), *_texts(properties, "title", "full-title", "aliases"), stem]
    found: dict[str, str] = {}
    for kind, names in _names(text, note.body, properties, titles).items():
        for identity in shelf.named(kind, names):
            found.setdefault(identity, kind)
    bearing = {_folded(title) for title in titles}
    return tuple(
        Match(identity, by)
        for identity, by in sorted(found.items())
        if _is_of(note.body, shelf.documents[identity], bearing)
    )


def _names(text: str, body: str, properties: Mapping[str, Any], titles: Iterable[str]) -> dict[str, set[str]]:
    """What in a note may be a sign, by kind, the surest first."""
    addresses = {_plain(url) for url in _ADDRESS.findall(text)}
    blocks = {found[1] for found in map(_NAMES.fullmatch, anchor_names(body)) if found}
    authors = [*_AUTHOR.findall(body), *_texts(properties, "author", "authors"), ""]
    return {
        LINKED: {*addresses, *blocks},
        ADDRESS: addresses,
        KINDLE: {found[1] for found in map(_ASIN.search, addresses) if found},
        TITLE: {_folded(f"{title}/{author}") for title in titles for author in authors},
    }


def _is_of(body: str, document: Document, bearing: set[str]) -> bool:
    there = len(held(body, document.live))
    titled = {_folded(document.title), _folded(str(document.extra.get("readable_title", "")))} - {""}
    return bool(there and titled & bearing) or (there > 1 and there * 2 >= len(document.live))


def _texts(properties: Mapping[str, Any], *keys: str) -> Iterator[str]:
    for key in keys:
        value = properties.get(key)
        yield from (str(one) for one in (value if isinstance(value, list) else [value]) if one)


def _folded(text: str) -> str:
    """A title as it is compared: its letters and digits."""
    return "".join(char for char in text.casefold() if char.isalnum() or char == "/")


def _plain(url: str) -> str:
    return url.rstrip("/.,;").removeprefix("https://").removeprefix("http://").removeprefix("www.")


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a note becomes. base: what is agreed from now on; aliases: what it says in another spelling.

    properties: names of those that come in. anchored, standing: highlights it holds, with and without a block id of
    ours; coming: those it lacked; unshown: those whose note at the source is not in it. conflicts: how many it holds.
    Highlights by id.
    """

    text: str
    base: Rendered
    aliases: tuple[Alias, ...] = ()
    properties: tuple[str, ...] = ()
    anchored: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    conflicts: int = 0


def taken_over(ours: str, document: Document, render: Render) -> TakenOver | None:
    """What a note becomes; None if its properties can't be patched, so that nothing could say whose it is."""
    note, shown = split(ours), render(document)
    newline = "\r\n" if ours.count("\r\n") * 2 > ours.count("\n") else "\n"
    empty = f"---{newline}---{newline}"
    front = merge_properties("", note.front or empty, shown.text[: shown.layout.body], newline=newline)
    if not front.readable or read_properties(front.text).get(ID_KEY) != document.id:
        return None
    found = placed(note.body, document.live)
    coming = tuple(one.id for one in document.live if one.id not in found.present)
    text = join(Note(note.mark, front.text, found.body + _added(found, part(shown, coming).text, newline)))
    became = _agreed(text, document, render)
    added = tuple(key for key in read_properties(front.text) if key not in read_properties(note.front))
    foreign = tuple(Alias(owner, LAYOUT, "", "") for owner in ("", *found.anchored))
    return replace(
        became,
        aliases=(*became.aliases, *foreign),
        properties=added,
        anchored=found.anchored,
        standing=found.standing,
        coming=coming,
        unshown=tuple(one.id for one in document.live if one.id in found.present and not says(became.text, one.note)),
    )


def _added(found: Placed, blocks: str, newline: str) -> str:
    """What comes at the end of a note. blocks: those it lacks, as the template has them."""
    if not blocks:
        return ""
    gap = "" if not found.body or found.body.endswith("\n") else newline
    blocks = blocks.strip("\n")
    return gap + newline + f"{HEADING}\n\n{blocks}\n".replace("\n", newline)


def _agreed(text: str, document: Document, render: Render) -> TakenOver:
    """Agree on what a note says otherwise than the source; ask about notes of highlights."""
    aliases: list[Alias] = []
    # What the note spells otherwise is printed in its spelling, and may then be read in one more place.
    for _ in range(3):
        known = localized(document, aliases)
        base = render(known)
        reading = read(base.text, base.layout, text, known)
        differing = edits(known, reading)
        aliases += [_alias(one, document) for one in differing if not _is_disputed(one)]
        if all(_is_disputed(one) for one in differing):
            break
    disputed = [FieldConflict(one.owner, one.field, one.after, one.before) for one in differing if _is_disputed(one)]
    if not disputed:
        return TakenOver(text, base, tuple(aliases))
    only = msgspec.structs.replace(reading, values={(one.owner, one.field): one.ours for one in disputed})
    told = merge_note(base, text, only, render(_with(known, only)), disputed)
    return TakenOver(told.text, base, tuple(aliases), conflicts=told.conflicts)


def _with(known: Document, reading: Reading) -> Document:
    return merge_fields(known, reading, known)[0]


def _is_disputed(edit: Edit) -> bool:
    """Whether it is worth a question: a note that says something else, tags of a highlight, a tag that is not there."""
    if isinstance(edit.before, tuple) and isinstance(edit.after, tuple):
        return bool(edit.owner or {tag.casefold() for tag in edit.before} - {tag.casefold() for tag in edit.after})
    return edit.field == "note" and str(edit.before).split() != str(edit.after).split()


def _alias(edit: Edit, document: Document) -> Alias:
    """What a note says in another spelling; tags it had are its own."""
    if isinstance(edit.before, tuple):
        there = {tag.casefold() for tag in edit.before}
        own = tuple(tag for tag in edit.after if tag.casefold() not in there)
        return Alias(edit.owner, OWN_TAGS, (), own)
    owners: dict[str, Any] = {"": document} | {one.id: one for one in document.highlights}
    theirs = field_value(owners[edit.owner], edit.field)
    assert theirs is not None  # it was read by what is known of it
    return Alias(edit.owner, edit.field, theirs, edit.after)
