"""Three-way merge of properties, as a patch: only what the source changed is written, every other byte stays. No I/O.

A key that changed at the source and not in the note is given its new value; lists are merged item by item, in the
form its user gave them; a key the user deleted stays deleted. Where both changed, ours stays and is told. Front
matter that is not a plain list of properties is left whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from vaultsync.note import ID_KEY, Note, join, split
from vaultsync.rendering.tracked import plain_text
from vaultsync.scalars import Loader, item
from vaultsync.tags import folded_tag

COUNT_KEY = "vaultsync_conflicts"
DELETED_KEY = "vaultsync_deleted"
TAGS_KEY = "tags"  # Obsidian's own
_NULL = "tag:yaml.org,2002:null"
_Edit = tuple[int, int, str]


class PropertyConflict(msgspec.Struct, frozen=True):
    """A property both sides changed. theirs: the source's value as text."""

    key: str
    theirs: str


class Patched(msgspec.Struct, frozen=True):
    """Front matter after the merge. readable: whether ours was YAML we know how to patch."""

    text: str
    conflicts: tuple[PropertyConflict, ...] = ()
    readable: bool = True


class _Tag(str):
    """A tag, or several with commas between them, as spelled in a note."""


class _Entry(msgspec.Struct, frozen=True):
    """One property. begin: of its name; at: behind the colon; end: of its value. lines: the whole lines it is on."""

    begin: int
    at: int
    end: int
    lines: slice
    node: Any
    value: Any


def merge_properties(
    base: str, ours: str, theirs: str, *, newline: str = "\n", tags: Collection[str] = (TAGS_KEY,)
) -> Patched:
    r"""Patch our front matter (from "---" to the closing "---" with its newline, or "") with theirs' changes.

    base, theirs: front matter as rendered. newline: what lines end with in the note. tags: keys that hold tags.

    >>> merge_properties("---\na: 1\n---\n", "---\na: 1 # mine\nb: x\n---\n", "---\na: 2\n---\n").text
    '---\na: 2 # mine\nb: x\n---\n'
    """
    if base == ours.replace("\r\n", "\n"):
        return Patched(theirs.replace("\n", newline))
    was, mine, new = (_entries(front, tags) for front in (base, ours, theirs))
    if mine is None or was is None or new is None:
        return Patched(ours, readable=False)
    if not ours:
        added = theirs[new[ID_KEY].lines] if ID_KEY in new else ""
        return Patched(f"---\n{added}---\n".replace("\n", newline) if added else "")
    edits: list[_Edit] = []
    conflicts: list[PropertyConflict] = []
    for key, theirs_entry in new.items():
        found = _brought(theirs, theirs_entry, ours, mine.get(key), was.get(key), key)
        if isinstance(found, PropertyConflict):
            conflicts.append(found)
        else:
            edits += found
    for key in was.keys() - new.keys():
        if key in mine and _same(mine[key].value, was[key].value):
            edits.append((mine[key].lines.start, mine[key].lines.stop, _remarks(ours, mine[key], base)))
    return Patched(_applied(ours, edits, newline), tuple(conflicts))


def with_count(front: str, count: int, *, newline: str = "\n") -> str:
    r"""The front matter with the number of conflicts its note holds; without the property if there is none.

    >>> with_count("---\na: 1\n---\n", 2)
    '---\na: 1\nvaultsync_conflicts: 2\n---\n'
    """
    return _with_own(front, COUNT_KEY, str(count) if count else None, newline)


def with_deleted(front: str, *, deleted: bool, newline: str = "\n") -> str:
    r"""The front matter with the property that says whether its document is gone at the source; without it if not.

    >>> with_deleted("---\na: 1\n---\n", deleted=True)
    '---\na: 1\nvaultsync_deleted: true\n---\n'
    """
    return _with_own(front, DELETED_KEY, "true" if deleted else None, newline)


def marked_deleted(text: str) -> str:
    """The note with the property that says that its document is gone at the source."""
    note = split(text)
    newline = "\r\n" if "\r\n" in note.front else "\n"
    return join(Note(note.mark, with_deleted(note.front, deleted=True, newline=newline), note.body))


def _with_own(front: str, key: str, value: str | None, newline: str) -> str:
    """The front matter with a property of vaultsync's own. value: as YAML; None takes it out."""
    if not value and key not in front:
        return front
    entries = _entries(front)
    if not front or entries is None:
        return front
    entry = entries.get(key)
    if entry is None:
        close = _closing(front)
        return _applied(front, [(close, close, f"{key}: {value}\n")] if value else [], newline)
    if value:
        same = front[entry.at : entry.end].strip() == value
        return front if same else _applied(front, [(entry.at, entry.end, f" {value}")], newline)
    return _applied(front, [(entry.lines.start, entry.lines.stop, _remarks(front, entry, ""))], newline)


def taken(front: str, base: str, key: str, *, newline: str = "\n") -> str | None:
    """The front matter with one property as it is in base; None if either lacks it or can't be patched."""
    mine, was = _entries(front) or {}, _entries(base) or {}
    if key not in mine or key not in was:
        return None
    return _applied(front, [_replaced(base, was[key], mine[key])], newline)


def _brought(
    theirs: str, new: _Entry, ours: str, mine: _Entry | None, was: _Entry | None, key: str
) -> list[_Edit] | PropertyConflict:
    """What theirs brings to one property of ours."""
    if mine is None:
        if was is not None and key != ID_KEY:  # its user deleted it
            return []
        close = _closing(ours)
        return [(close, close, theirs[new.lines])]
    have = _items(mine.value) if _is_list(new.value) else mine.value
    if _same(have, new.value) or (key != ID_KEY and was is not None and _same(was.value, new.value)):
        return []
    before = _items(was.value) if was else []
    if _is_list(new.value) and _is_list(have) and _is_list(before):
        return _relisted(theirs, new, ours, mine, before)
    if key == ID_KEY or (was is not None and _same(mine.value, was.value)):
        return [_replaced(theirs, new, mine)]
    if was is None and not new.value:  # its user's own property, which the template began to print
        return []
    return PropertyConflict(key, _shown(new.value))


def _replaced(source: str, new: _Entry, mine: _Entry) -> _Edit:
    return mine.at, mine.end, source[new.at : new.end]


def _relisted(theirs: str, new: _Entry, ours: str, mine: _Entry, before: Sequence[Any]) -> list[_Edit]:
    """Bring a list's changes item by item: theirs' removals and additions, in the form of ours."""
    items = _items(mine.value)
    held, coming, old = (_folded(values) for values in (items, new.value, before))
    gone = {name for name in held if name in old and name not in coming}
    added = [value for name, value in coming.items() if name not in held and name not in old]
    if not gone and not added:
        return []
    if not items:
        return [_replaced(theirs, new, mine)]
    if not isinstance(mine.value, list):
        stay = [value for value in items if _fold(value) not in gone]
        return [(mine.at, mine.end, f" [{', '.join(item(value, flow=True) for value in (*stay, *added))}]")]
    children = list(zip(mine.node.value, items, strict=True))
    kept = [child for child, value in children if _fold(value) not in gone]
    if mine.node.flow_style or not kept:
        raw = [ours[child.start_mark.index : child.end_mark.index] for child in kept]
        text = ", ".join(raw + [item(value, flow=True) for value in added])
        return [(mine.at, mine.end, f" [{text}]")]
    last = mine.node.value[-1]
    begin, end = _lines(ours, last.start_mark.index, _end(ours, last))
    prefix = ours[begin : last.start_mark.index]
    edits = [
        (*_lines(ours, child.start_mark.index, _end(ours, child)), "") for child, _ in children if child not in kept
    ]
    return [*edits, (end, end, "".join(f"{prefix}{item(value)}\n" for value in added))]


def _items(value: Any) -> Any:
    """What stands for an empty list or for a list of tags, as one."""
    if isinstance(value, _Tag):
        return [_Tag(one.strip()) for one in value.split(",") if one.strip()]
    return [] if value is None or value == "" else value


def _folded(values: Sequence[Any]) -> dict[Any, Any]:
    """Items by what they are compared by, each once."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_fold(value), value)
    return found


def _fold(value: Any) -> Any:
    if isinstance(value, _Tag):
        return folded_tag(value)
    # A tag is printed with "-" for its blanks, and typed with either.
    return "-".join(value.casefold().split()) if isinstance(value, str) else str(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(one, list | dict) for one in value)


def _same(one: Any, two: Any) -> bool:
    """Whether two values are the same; lists of plain values are sets, text is compared without trailing blanks."""
    if _is_list(one) and _is_list(two):
        return bool(_folded(one).keys() == _folded(two).keys())
    if isinstance(one, str) and isinstance(two, str):
        return _bare(one) == _bare(two)
    return type(one) is type(two) and bool(one == two)


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def _shown(value: Any) -> str:
    return ", ".join(plain_text(one) for one in value) if isinstance(value, list) else plain_text(value)


def _applied(text: str, edits: Sequence[_Edit], newline: str) -> str:
    """Text with its edits made; additions at one place in the order given."""
    out: list[str] = []
    at = 0
    for begin, end, new in sorted(edits, key=lambda edit: edit[:2]):
        out += [text[at:begin], new.replace("\n", newline)]
        at = end
    return "".join([*out, text[at:]])


def _lines(text: str, begin: int, end: int) -> tuple[int, int]:
    """The whole lines that hold a range of characters."""
    return text.rfind("\n", 0, begin) + 1, text.index("\n", end) + 1


def _closing(front: str) -> int:
    """Where the closing line begins."""
    return front.rstrip().rfind("\n") + 1


def _remarks(front: str, entry: _Entry, base: str) -> str:
    """Comments on a property's lines that are not the template's; they stay when the property goes."""
    behind = front[entry.end : entry.lines.stop].strip()
    own = [line for line in front[entry.at : entry.end].split("\n") if line.lstrip().startswith("#")]
    return "".join(f"{line.strip()}\n" for line in (*own, behind) if line.strip() and line.strip() not in base)


def _entries(front: str, tags: Collection[str] = ()) -> Mapping[str, _Entry] | None:
    """The properties of a front matter, in order; None if it is not a plain list of them. tags: keys that hold some."""
    if not front:
        return {}
    start, close = front.index("\n") + 1, _closing(front)
    # The opening line as a comment, and carriage returns as blanks: every place stays where it is.
    source = "#" * (start - 1) + "\n" + front[start:close].replace("\r\n", " \n")
    try:
        loader = Loader(source)
        root = loader.get_single_node()
        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode) or root.flow_style:
            return None
        found = {
            key.value: _entry(source, key, node, _said(node, loader, tags=key.value in tags))
            for key, node in root.value
        }
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return found if len(found) == len(root.value) else None


def _said(node: Any, loader: Any, *, tags: bool) -> Any:
    """What a property says; tags as they are spelled, for 2025 is one, too."""
    listed = isinstance(node, yaml.SequenceNode)
    scalars = node.value if listed else [node]
    if not tags or not all(isinstance(one, yaml.ScalarNode) for one in scalars):
        return loader.construct_object(node, deep=True)
    spelled = [None if one.tag == _NULL else _Tag(one.value) for one in scalars]
    return spelled if listed else spelled[0]


def _entry(source: str, key: Any, node: Any, value: Any) -> _Entry:
    begin, at = key.start_mark.index, source.index(":", key.end_mark.index) + 1
    # An alias has the place of what it stands for.
    end = _end(source, node) if node.start_mark.index >= at else source.index("\n", at)
    return _Entry(begin, at, end, slice(*_lines(source, begin, end)), node, value)


def _end(source: str, node: Any) -> int:
    """Where a value ends, without the blanks, line ends and comments that a parser counts in."""
    children: Iterator[Any] = iter(())
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        children = iter(node.value)
    elif isinstance(node, yaml.MappingNode) and not node.flow_style:
        children = (value for _, value in node.value)
    ends = [_end(source, child) for child in children]
    begin, end = node.start_mark.index, node.end_mark.index
    return max(ends) if ends else begin + len(source[begin:end].rstrip())
