"""Passages its user marks in a document's note, to become highlights: find them, and put their blocks in place. No I/O.

    > [!highlight] an optional note #and #tags
    > the passage

A callout of that type, at the beginning of a line and between blank lines. While one is being made a highlight, state
remembers it by its token, so that it is made once whatever happens to the answer. When the highlight is known, its
block takes the callout's place; until then the callout stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from vaultsync.hookspecs import Edit, NewHighlight
from vaultsync.merging.reconcile import missing
from vaultsync.model import Document, Highlight
from vaultsync.note import anchor_names, anchors, split
from vaultsync.rendering.tracked import Rendered
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.sending.outbox import Copy
from vaultsync.storage.entry import Creation
from vaultsync.tags import local_tag

_HEAD = re.compile(r"> ?\[!highlight\][-+]?(?:[ \t]+(.*?))?[ \t]*\r?", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_COMMENT = "%%"  # in Obsidian, from a line of these to the next one
_TAGS = re.compile(r"(?:^|[ \t]+)((?:#[^\s#]+[ \t]*)+)$")

# What an edit that asks for a highlight names as its field.
FIELD = "highlight"

ALREADY = "It is highlighted already, see ^{}; take the callout out."
APART = (
    "The service has made it, but not in this document so far; should the next export bring it in a note of its own, "
    "take the callout out."
)
DIFFERS = "The service has made a highlight of it with another {}, see ^{}; take the callout out if that is right."
UNPRINTED = "It is a highlight now, and the template prints no block of it; take the callout out."
INSIDE = "It stands in the middle of the block ^{}; put it below that."
NO_TEXT = "It has no passage; write it below the title, each line behind a >."
RUNS_ON = "The line right below it belongs to the same paragraph; put a blank line between them."
CUT = "The note ends right behind it without a line end, so it may be cut off; end the note with a new line."
LAST = "The note ends right behind it, and blocks of it are missing, so it may be cut off; write a line below it."
ANCHORED = "A line of it ends like an anchor (^name); take that out."


@dataclass(frozen=True, slots=True)
class Marked:
    """One callout. new: what it asks for, tags as typed. start, end: characters, whole lines. trouble: why not."""

    new: NewHighlight
    start: int
    end: int
    trouble: str = ""


def marked(text: str, known: str = "", values: Iterable[tuple[int, int]] = ()) -> tuple[Marked, ...]:
    r"""The callouts of a note that ask for a highlight, in order.

    known: what vaultsync wrote there; what stands in it so is not its user's. values: places of values in the note,
    which may look like one.

    >>> [one.new for one in marked("a\n\n> [!highlight] why? #woods\n> I went.\n\nb\n")]
    [NewHighlight(text='I went.', note='why?', tags=('woods',))]
    """
    if "[!highlight]" not in text.casefold():
        return ()
    spots = list(values)
    found = [
        one
        for one in _callouts(text)
        if text[one.start : one.end] not in known and not any(a < one.end and one.start < b for a, b in spots)
    ]
    first = {_folded(one.new.text): one for one in reversed(found)}
    return tuple(one for one in found if first[_folded(one.new.text)] is one)


def _callouts(text: str) -> Iterator[Marked]:
    note = split(text)
    at = len(note.mark) + len(note.front)
    lines = _lines(note.body)
    fence, quoted, number = "", False, 0
    while number < len(lines):
        line = lines[number]
        head = None if fence or quoted else _HEAD.fullmatch(line.rstrip("\n"))
        if head is None:
            fence = _fence(line, fence)
            quoted = line.lstrip(" ").startswith(">")
            at, number = at + len(line), number + 1
            continue
        last = next((n for n in range(number + 1, len(lines)) if not lines[n].startswith(">")), len(lines))
        end = at + sum(map(len, lines[number:last]))
        said = [_unquoted(one) for one in lines[number + 1 : last]]
        yield _marked(head[1] or "", said, (at, end), lines[last : last + 1] or ["" if line_ends(text) else "cut"])
        at, number = end, last


def _lines(body: str) -> list[str]:
    return [f"{line}\n" for line in body.split("\n")[:-1]] + [body.rpartition("\n")[2]]


def line_ends(text: str) -> bool:
    """Whether a text ends with the end of a line."""
    return text.endswith("\n")


def _fence(line: str, fence: str) -> str:
    """The fence of the code or comment that the next line is in, "" if in none."""
    if line.strip() == _COMMENT:
        return {"": _COMMENT, _COMMENT: ""}.get(fence, fence)
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if found[1][0] == fence[0] and len(found[1]) >= len(fence) else fence


def _unquoted(line: str) -> str:
    said = line.rstrip("\r\n")[1:]
    return said.removeprefix(" ")


def _marked(title: str, said: list[str], place: tuple[int, int], following: list[str]) -> Marked:
    typed = _TAGS.search(title)
    tags = tuple(word.strip().removeprefix("#") for word in typed[1].split()) if typed else ()
    note = title[: typed.start()].strip() if typed else title.strip()
    text = "\n".join(said).strip("\n").rstrip()
    return Marked(NewHighlight(text, note, tags), *place, _trouble(text, following[0]))


def _trouble(text: str, following: str) -> str:
    if not text.strip():
        return NO_TEXT
    if following == "cut":
        return CUT
    if following.strip():
        return RUNS_ON
    return ANCHORED if anchor_names(text) else ""


def callout(new: NewHighlight, newline: str = "\n") -> str:
    r"""The lines that ask for a highlight.

    >>> callout(NewHighlight("one\n\ntwo", "why?", ("to read",)))
    '> [!highlight] why? #to-read\n> one\n>\n> two\n'
    """
    tags = [f"#{local_tag(tag)}" for tag in new.tags]
    title = " ".join(["> [!highlight]", *([new.note] if new.note else []), *tags])
    lines = [f"> {line}".rstrip() for line in new.text.split("\n")]
    return "".join(f"{line}{newline}" for line in (title, *lines))


def spelled(new: NewHighlight, names: Iterable[str]) -> NewHighlight:
    """The same with tags as the account spells them, as far as it has them. names: every tag it has."""
    by_local = {local_tag(name).casefold(): name for name in names}
    tags = tuple(by_local.get(local_tag(tag).casefold(), tag) for tag in new.tags)
    return NewHighlight(new.text, new.note, tags)


def token(document: str, text: str) -> bytes:
    """What a passage of a document is known by while it is being made a highlight."""
    return blake2b(f"{document}\0{_folded(text)}".encode(), digest_size=16).digest()


def made_of(text: str, document: Document, id_: str = "") -> Highlight | None:
    """The highlight a passage has become, by its id or its words; None if it is not there."""
    by_id = next((one for one in document.live if one.id == id_), None)
    return by_id or next((one for one in document.live if _folded(one.text) == _folded(text)), None)


def difference(new: NewHighlight, made: Highlight) -> str:
    """Which of its words a highlight lacks: "text", "note", "tags", or "" if none."""
    if _folded(made.text) != _folded(new.text):
        return "text"
    if _folded(made.note) != _folded(new.note):
        return "note"
    return "tags" if missing_tags(new, made) else ""


def missing_tags(new: NewHighlight, made: Highlight) -> tuple[str, ...]:
    """The tags a highlight lacks."""
    has = {local_tag(tag).casefold() for tag in made.tags}
    return tuple(tag for tag in new.tags if local_tag(tag).casefold() not in has)


def placed(ours: str, begun: Collection[Creation], document: Document, rendered: Rendered) -> str:
    """The note with the blocks of highlights where the callouts stood that asked for them.

    begun: what is being made of this document. rendered: the document, whose blocks are taken. A callout whose words
    are not all in the highlight stays. Where the block is in the note already, the callout just goes.
    """
    blocks = {block.id: (block.block_id, rendered.text[block.start : block.end]) for block in rendered.layout.blocks}
    begun_by = {one.token: one for one in begun}
    there = anchors(ours, {name for name, _ in blocks.values()})
    for one in reversed(marked(ours)):
        creation = begun_by.get(token(document.id, one.new.text))
        made = made_of(one.new.text, document, creation.highlight) if creation else None
        if made is None or made.id not in blocks or difference(one.new, made):
            continue
        name, block = blocks[made.id]
        ours = _without(ours, one) if name in there else _with(ours, one, block)
    return ours


def _with(text: str, one: Marked, block: str) -> str:
    newline = "\r\n" if text[one.start : one.end].endswith("\r\n") else "\n"
    lines = block.strip("\n").replace("\n", newline) + newline
    above, below = text[: one.start], text[one.end :]
    apart = newline if above.strip() and not above.endswith(newline * 2) else ""
    behind = newline if below.strip() and not below.startswith(("\n", "\r\n")) else ""
    return f"{above}{apart}{lines}{behind}{below}"


def _without(text: str, one: Marked) -> str:
    above, below = text[: one.start], text[one.end :]
    blank = re.match(r"[ \t]*\r?\n", below)
    return above + (below[blank.end() :] if blank else below)


def gone(begun: Iterable[Creation], document: str, text: str) -> tuple[bytes, ...]:
    """The tokens of what is being made of a document whose callout its note no longer has."""
    there = {token(document, one.new.text) for one in marked(text)}
    return tuple(one.token for one in begun if one.token not in there)


def _folded(text: str) -> str:
    return " ".join(text.split())


def asked_for(
    copy: Copy, begun: Collection[Creation], stands_against: Callable[[Document, NewHighlight], str]
) -> tuple[Outgoing, ...]:
    """Every passage of a note that is to be a highlight, with its fate: SEND for those that nothing stands against.

    begun: what is being made already. stands_against: says why the source would not take it, "" if it would.
    """
    spots = [(spot.start, spot.end) for spot in copy.readings[""].spots]
    found = []
    for one in marked(copy.held.note, copy.agreed.text, spots):
        new = spelled(one.new, copy.agreed.tags)
        made = _made_already(new, begun, copy) if new.text else ""
        why = made or one.trouble or _inside(one, copy) or _at_the_end_of_half(one, copy)
        why = why or stands_against(copy.newest, new)
        fate = Fate.REFUSED if why else Fate.SEND
        found.append(Outgoing(Edit(copy.newest.id, "", FIELD, "", new.text), copy.path, "", fate, why, new))
    return tuple(found)


def _at_the_end_of_half(one: Marked, copy: Copy) -> str:
    """Why a callout is not taken up that may go on in the other half of the file."""
    is_at_the_end = not copy.held.note[one.end :].strip()
    return LAST if is_at_the_end and missing(copy.agreed, copy.held, copy.readings[""]) else ""


def _inside(one: Marked, copy: Copy) -> str:
    """Why a callout is not taken up that stands within a block, where its own block would tear the other apart."""
    names = {block.id: block.block_id for block in copy.agreed.layout.blocks}
    regions = copy.readings[""].regions.items()
    around = next((owner for owner, at in regions if owner and at.start < one.start and one.end < at.end), "")
    return INSIDE.format(names[around]) if around else ""


def _made_already(new: NewHighlight, begun: Collection[Creation], copy: Copy) -> str:
    """Why a passage is not sent that is a highlight already, as far as is known here."""
    name = token(copy.newest.id, new.text)
    creation = next((one for one in begun if one.token == name), None)
    made = made_of(new.text, copy.newest, creation.highlight if creation else "")
    if creation is None or made is None:
        return ALREADY.format(made.block_id) if made else APART if creation and creation.highlight else ""
    other = difference(new, made)
    if other in ("text", "note"):
        return DIFFERS.format(other, made.block_id)
    is_agreed = any(one.id == made.id for one in copy.agreed.document.highlights)
    return UNPRINTED if is_agreed and all(block.id != made.id for block in copy.agreed.layout.blocks) else ""
