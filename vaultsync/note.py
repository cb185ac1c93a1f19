"""Split a note into its byte order mark, properties and body, and join them byte for byte; find anchors. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

ID_KEY = "vaultsync_id"
_BOM = "\ufeff"
# Its sign comes first, and then what may stand before it: so the search goes from sign to sign.
_ANCHOR = re.compile(r"\^(?<![^ \t\n]\^)([A-Za-z0-9-]+)[ \t]*\r?$", re.MULTILINE)

_OPENING = re.compile(r"---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


class Note(msgspec.Struct, frozen=True):
    """A note's text in three. front: from "---" to the closing "---" with its newline, or ""."""

    mark: str
    front: str
    body: str


def split(text: str) -> Note:
    r"""Cut a note where its properties end.

    >>> split("---\na: 1\n---\ntext")
    Note(mark='', front='---\na: 1\n---\n', body='text')
    """
    mark = _BOM if text.startswith(_BOM) else ""
    rest = text[len(mark) :]
    end = front_matter_end(rest)
    return Note(mark, rest[:end], rest[end:])


def front_matter_end(text: str) -> int:
    r"""Where the front matter of a note ends, after its closing line; 0 if it has none. Characters.

    >>> front_matter_end("---\na: 1\n---\ntext")
    13
    """
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    return closing.end() if closing else 0


def join(note: Note) -> str:
    """The text that was split."""
    return note.mark + note.front + note.body


def anchors(body: str, known: Collection[str]) -> dict[str, int]:
    r"""Where the anchors of known blocks end, by block id, in the order they stand; of a repeated one, the first.

    Known anchors count wherever they stand: a code fence someone opened must not hide the rest.

    >>> anchors("> one\n\n^rw1\n\n- two ^rw2\n- ^rw9", {"rw1", "rw2"})
    {'rw1': 11, 'rw2': 23}
    """
    found: dict[str, int] = {}
    for match in _ANCHOR.finditer(body) if known else ():
        if match[1] in known:
            found.setdefault(match[1], match.end(1))
    return found


def anchor_names(text: str) -> set[str]:
    r"""Every name that stands where an anchor would, known or not.

    >>> sorted(anchor_names("> one\n\n^rw1\n\n- two ^rw2\nx^3"))
    ['rw1', 'rw2']
    """
    return {match[1] for match in _ANCHOR.finditer(text)}


def torn(data: bytes, written: str) -> str:
    r"""Why a note's bytes look like half of it, as words that follow its path; "" if they don't.

    written: what vaultsync wrote there, "" if that is not known.

    >>> torn(b"---\nid: 1\n---\nOne li", "---\nid: 1\n---\nOne line.\nTwo.\n")
    'ends in the middle of a line'
    """
    if not data.strip(b"\0 \t\r\n"):
        return "is empty"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    if "\0" in text:
        return "holds zero bytes"
    if _ends_in_a_line(text.replace("\r\n", "\n"), written):
        return "ends in the middle of a line"
    if written.startswith("---\n") and text.lstrip(_BOM).startswith(("---\n", "---\r\n")) and not split(text).front:
        return "has properties without an end"
    return ""


def if_whole(reason: str) -> str:
    """What to do about a note that is all there and was taken for half of one, as a sentence; "" if that can't be.

    reason: as torn gives it.
    """
    return {
        "is not UTF-8 text": "If it is all there, save it as UTF-8.",
        "ends in the middle of a line": "If it is meant to end there, end it with a new line.",
        "has properties without an end": 'If it is all there, put the line "---" back below its properties.',
    }.get(reason, "")


def _ends_in_a_line(text: str, written: str) -> bool:
    """Whether a text ends within a line of what was written, and has nothing of what came after that.

    Whatever its user has typed further up. One who means it ends the line.
    """
    last, lines = text.rsplit("\n", 1)[-1], written.split("\n")
    cut = [number for number, line in enumerate(lines) if line.startswith(last) and line != last]
    if not last.strip() or not cut:
        return False
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        if line.strip():
            first.setdefault(line, number)
    # What stands nowhere but behind a line: up to where the text has any of it, and up to where there is any.
    held = max((first[line] for line in first.keys() & text.split("\n")), default=-1)
    latest = max(first.values())
    return any(held <= number < latest for number in cut)


def is_another(text: str, written: str) -> bool:
    r"""Whether a file has nothing left of the note that was written to its path: its user put another there.

    >>> is_another("Mine.\n", "---\nvaultsync_id: x\n---\n# Walden\n\n> one ^rw1\n")
    True
    """
    note, was = split(text), split(written)
    if ID_KEY in was.front and any(line.startswith(f"{ID_KEY}:") for line in note.front.splitlines()):
        kept = [line for line in was.front.splitlines() if line.startswith(f"{ID_KEY}:")]
        if any(line.split(":", 1)[1].strip(" \"'") in note.front for line in kept):
            return False
    lines = {line.strip() for line in note.body.splitlines() if line.strip()}
    return not anchor_names(text) & anchor_names(written) and not any(
        line.strip() in lines for line in was.body.splitlines() if line.strip()
    )
