"""What a user does to the lines of a note, in an editor that knows nothing of vaultsync. No I/O.

Every edit takes lines without their ends and gives back lines; `typed` opens and saves a text around one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from vaultsync.merging.conflicts import LINES, found

Lines = list[str]
Words = tuple[str, str, str]

_ANCHOR = re.compile(r"(?:^|[ \t])\^(rw\d+)[ \t]*\r?$", re.MULTILINE)
_LABELS = {"note": ("Note", "Notiz", "Remark", "Thought"), "tags": ("Tags", "Stichworte", "Topics")}
_LABEL = re.compile(rf"[ \t]*[-*] (?:{'|'.join((*_LABELS['note'], *_LABELS['tags']))}|Color):")
_STATEMENT = "walks alone"
# Where values stand in a callout of their own, below the passage and its anchor.
_ASIDE = "> [!note] Note · "


def typed(text: str, edit: Callable[[Lines], Lines]) -> str:
    """The text after an edit; its line ends, and whether it ends with one, stay as they are."""
    newline = "\r\n" if "\r\n" in text else "\n"
    return newline.join(edit(opened(text))) + newline * text.endswith("\n")


def opened(text: str) -> Lines:
    """The lines of a text."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def line(word: str) -> str:
    """A line of one's own, that is told from a value by how it goes on."""
    return f"{word} {_STATEMENT}"


def is_own(text: str) -> bool:
    """Whether something is, or holds, such a line."""
    return _STATEMENT in text


def anchors(text: str) -> list[str]:
    """The anchors of highlights in a note, in order, as often as they stand there."""
    return _ANCHOR.findall(text)


def body(lines: Sequence[str]) -> int:
    """The first line after the properties."""
    return lines.index("---", 1) + 1 if lines[0] == "---" and "---" in lines[1:] else 0


# A block.


def block(lines: Sequence[str], anchor: str) -> slice:
    """The lines of a block as its user sees it: from the quote above its anchor to the last label below."""
    at = _anchor_line(lines, anchor)
    aside = _aside(lines, at)
    if aside is not None:
        return slice(_top(lines, at), _aside_end(lines, aside))
    end = below = at + 1
    while below < len(lines) and not (_begins(lines[below]) or _is_item(lines[below])):
        below += 1
        end = below if _is_value(lines[below - 1]) else end
    return slice(_top(lines, at), end)


def _anchor_line(lines: Sequence[str], anchor: str) -> int:
    return next(at for at, one in enumerate(lines) if anchor in anchors(one))


def _aside(lines: Sequence[str], at: int) -> int | None:
    """Where the callout of values begins that belongs to the anchor of line `at`, with whatever was typed between."""
    below = at + 1
    while below < len(lines) and not _begins(lines[below]):
        below += 1
    return below if below < len(lines) and lines[below].startswith(_ASIDE) else None


def _aside_end(lines: Sequence[str], aside: int) -> int:
    return next((at for at in range(aside + 1, len(lines)) if not lines[at].startswith(">")), len(lines))


def _top(lines: Sequence[str], at: int) -> int:
    if lines[at].startswith("- "):
        return at
    if lines[at].startswith("  "):  # an item of several lines
        return next((above for above in range(at, 0, -1) if lines[above].startswith("- ")), at)
    quote = at - 1
    while quote > 0 and not (_begins(lines[quote]) or _LABEL.match(lines[quote])):
        quote -= 1
    if not lines[quote].startswith(">"):
        return at
    while lines[quote - 1].startswith(">") and "[!vaultsync-" not in lines[quote]:
        quote -= 1
    return quote


def _begins(one: str) -> bool:
    return bool(anchors(one) or one.startswith((">", "#", "---")))


def _is_item(one: str) -> bool:
    return one.startswith("- ") and not _is_value(one)


def _is_value(one: str) -> bool:
    return bool(_LABEL.match(one) or one.startswith(("  ", "- [Highlight](", "- [Location ")))


def value(lines: Sequence[str], anchor: str, field: str) -> Lines | None:
    """What stands behind a label, and on the lines that are indented below; None if there is no such label."""
    there = _value(lines, anchor, field)
    if there is None:
        return None
    if lines[there.start].startswith(">") and field == "note":
        return [one.removeprefix(">").strip() for one in lines[there]]
    label, _ = _label(lines[there.start])
    return [lines[there.start][len(label) :].strip(), *(one.strip() for one in lines[there][1:])]


def with_value(lines: Lines, anchor: str, field: str, new: Sequence[str]) -> Lines:
    """Type a value over the one there is; each further line is indented as the template does it."""
    there = _value(lines, anchor, field)
    if there is None:
        return lines
    if lines[there.start].startswith(">") and field == "note":
        return [*lines[: there.start], *(f"> {one}".rstrip() for one in new or ("",)), *lines[there.stop :]]
    label, margin = _label(lines[there.start])
    first, *more = new or ("",)
    return [*lines[: there.start], f"{label} {first}", *(margin + one for one in more), *lines[there.stop :]]


def _value(lines: Sequence[str], anchor: str, field: str) -> slice | None:
    aside = _aside(lines, _anchor_line(lines, anchor))
    if aside is not None:
        tags = slice(aside, aside + 1) if any(f"{name}:" in lines[aside] for name in _LABELS["tags"]) else None
        return (
            tags if field == "tags" else slice(aside + 1, _aside_end(lines, aside)) if aside + 1 < len(lines) else None
        )
    there = block(lines, anchor)
    label = re.compile(rf"[ \t]*[-*] (?:{'|'.join(_LABELS[field])}):")
    at = next((at for at in range(there.start, there.stop) if label.match(lines[at])), None)
    if at is None:
        return None
    end = at + 1
    last, margin = end, _label(lines[at])[1]
    while last < len(lines) and (not lines[last].strip() or lines[last].startswith(margin)):
        if _LABEL.match(lines[last]):
            break
        end = last + 1 if lines[last].strip() else end
        last += 1
    return slice(at, end)


def _label(one: str) -> tuple[str, str]:
    """A line's label with its colon, and what the lines below it are indented with."""
    return one.partition(":")[0] + ":", " " * (len(one) - len(one.lstrip()) + 2)


def _longer(lines: Lines, anchor: str, word: str) -> Lines:
    *before, last = value(lines, anchor, "note") or [""]
    return with_value(lines, anchor, "note", [*before, f"{last} {word}".strip()])


def _tagged(lines: Lines, anchor: str, word: str) -> Lines:
    tags = " ".join(value(lines, anchor, "tags") or ())
    return with_value(lines, anchor, "tags", [f"{tags} #{word}".strip()])


def _untagged(lines: Lines, anchor: str) -> Lines:
    tags = " ".join(value(lines, anchor, "tags") or ()).split()
    return with_value(lines, anchor, "tags", [" ".join(tags[1:])])


def _relabelled(lines: Lines, anchor: str, field: str) -> Lines:
    there = _value(lines, anchor, field)
    if there is None:
        return lines
    label = next((name for name in _LABELS[field] if f"{name}:" in lines[there.start]), "")
    if not label:  # a value without one
        return lines
    other = _LABELS[field][1] if label != _LABELS[field][1] else _LABELS[field][2]
    return [*lines[: there.start], lines[there.start].replace(label, other, 1), *lines[there.start + 1 :]]


def _written_into(lines: Lines, anchor: str, at: int, word: str) -> Lines:
    there = block(lines, anchor)
    return with_lines(lines, range(there.start, there.stop)[at % (there.stop - there.start)], [line(word)])


def unanchored(lines: Lines, anchor: str) -> Lines:
    """Delete an anchor; the text stays."""
    at = _anchor_line(lines, anchor)
    return [*lines[:at], lines[at].replace(f"^{anchor}", "").rstrip(), *lines[at + 1 :]]


BlockEdit = Callable[[Lines, str, int, Words], Lines]

# By name: which field of the block it touches, or its lines.
BLOCK_EDITS: dict[str, tuple[str, BlockEdit]] = {
    "note": ("note", lambda lines, anchor, _, words: with_value(lines, anchor, "note", words[:1])),
    "long note": ("note", lambda lines, anchor, _, words: with_value(lines, anchor, "note", words)),
    "more note": ("note", lambda lines, anchor, _, words: _longer(lines, anchor, words[0])),
    "no note": ("note", lambda lines, anchor, _at, _words: with_value(lines, anchor, "note", ())),
    "tag": ("tags", lambda lines, anchor, _, words: _tagged(lines, anchor, words[0])),
    "no tag": ("tags", lambda lines, anchor, _at, _words: _untagged(lines, anchor)),
    "label": (LINES, lambda lines, anchor, at, _: _relabelled(lines, anchor, ("note", "tags")[at % 2])),
    "line": (LINES, lambda lines, anchor, at, words: _written_into(lines, anchor, at, words[0])),
}

# A whole note.


def with_lines(lines: Lines, at: int, new: Sequence[str]) -> Lines:
    """Type some lines before line `at`."""
    return [*lines[:at], *new, *lines[at:]]


def without(lines: Lines, there: slice) -> Lines:
    """Delete lines."""
    return [*lines[: there.start], *lines[there.stop :]]


def gap(lines: Sequence[str], number: int) -> int:
    """Where a block can be put: at the end, or before a quote or an item."""
    start = body(lines)
    quotes = [at for at in range(start + 1, len(lines)) if lines[at].startswith("> ") and not lines[at - 1].strip()]
    quotes = [at for at in quotes if not lines[at].startswith(_ASIDE)]
    items = [at for at in range(start + 1, len(lines)) if lines[at].startswith("- ") and anchors(lines[at])]
    gaps = [*quotes, *items, len(lines)]
    return gaps[number % len(gaps)]


def _with_property(lines: Lines, word: str) -> Lines:
    end = body(lines)
    return with_lines(lines, end - 1, [f"mine{word}: {word} # {word}"]) if end else lines


def _with_tag_property(lines: Lines, word: str) -> Lines:
    at = next((at for at in range(body(lines)) if lines[at].startswith("tags:")), None)
    if at is None:
        return lines
    now = lines[at].partition(":")[2].strip()
    if not now:  # a list with its items on lines of their own
        return with_lines(lines, at + 1, [f"  - {word}"])
    items = now.strip("[]")
    return [*lines[:at], f"tags: [{items}{', ' * bool(items)}{word}]", *lines[at + 1 :]]


def marked(lines: Lines, at: int, words: Words) -> Lines:
    """Mark a passage, to become a highlight."""
    passage, note, tag = words
    title = f" {note} #{tag}" if at % 2 else ""
    more = ["> and so on"] * (at % 3)
    return with_lines(lines, gap(lines, at), ["", f"> [!highlight]{title}", f"> {passage} is marked", *more, ""])


NoteEdit = Callable[[Lines, int, str], Lines]

# By name: which field of the document it touches ("" for none), or its lines.
NOTE_EDITS: dict[str, tuple[str, NoteEdit]] = {
    "line": ("", lambda lines, at, word: with_lines(lines, gap(lines, at), [line(word)])),
    "paragraph": ("", lambda lines, at, word: with_lines(lines, gap(lines, at), ["", line(word), ""])),
    "item": ("", lambda lines, at, word: with_lines(lines, gap(lines, at), [f"- {line(word)}", ""])),
    "last line": (LINES, lambda lines, _, word: [*lines, line(word)]),
    "first line": (LINES, lambda lines, _, word: with_lines(lines, body(lines), [line(word)])),
    "property": ("", lambda lines, _, word: _with_property(lines, word)),
    "tag property": ("tags", lambda lines, _, word: _with_tag_property(lines, word)),
}


def answered(text: str, number: int) -> str:
    """The text without one of the callouts that tell of conflicts: the user keeps what is there."""
    asides = found(text)
    if not asides:
        return text
    one = asides[number % len(asides)]
    return text[: one.start] + text[one.end :]


# By name: what is done to all of a text, by a tool or by its user.
TEXT_EDITS: dict[str, Callable[[str, int], str]] = {
    "crlf": lambda text, _: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "lf": lambda text, _: text.replace("\r\n", "\n"),
    "end": lambda text, at: f"{text.rstrip()}\n" if at % 2 else text.rstrip(),
    "strip": lambda text, _: typed(text, lambda lines: [one.rstrip() for one in lines]),
    "answer": answered,
}
