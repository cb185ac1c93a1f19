"""Properties are data: fill a template's front matter with values as YAML, and read front matter back. No I/O.

The rendered front matter comes with a mark in place of each value. It is parsed once per shape; only the scalars
that hold a mark are written anew, every other byte of it is the template's. So no title can break the YAML or add
a key to it, quoted or not. Read by YAML 1.2 core rules; written so that readers of 1.1 agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from vaultsync.errors import VaultsyncError
from vaultsync.note import ID_KEY, front_matter_end
from vaultsync.rendering.tracked import (
    AS_DAY,
    AS_FLAG,
    CLOSE,
    OPEN,
    Day,
    Flag,
    Property,
    TagList,
    Tracked,
    plain_text,
)
from vaultsync.scalars import Loader, Verbatim, item, quoted, remark, scalar
from vaultsync.tags import local_tag, local_tags

_HOLE = re.compile(f"{OPEN}(\\d+){CLOSE}")


class PropertyError(VaultsyncError):
    """A template's front matter can't be used. start: what the line at fault begins with, up to the first value."""

    def __init__(self, message: str, *, start: str = "") -> None:
        super().__init__(message)
        self.start = start.partition(OPEN)[0]


class _Handler(YAMLHandler):
    """python-frontmatter's way in, with our reading of YAML."""

    FM_BOUNDARY = re.compile(r"^---[ \t]*$", re.MULTILINE)

    loader = Loader

    def load(self, fm: str, **_: object) -> Any:
        return yaml.load(fm, Loader=self.loader)  # noqa: S506  # it is a safe loader


class _AsSpelled(_Handler):
    """The same, with every scalar as it is spelled."""

    loader = Verbatim


def read_properties(text: str, *, spelled: bool = False) -> dict[str, Any]:
    r"""The properties of a note, {} if it has none or they are not YAML. spelled: numbers and the like as typed.

    >>> read_properties("---\nid: 007\ndue: 12:30\nread: no\n---\ntext")
    {'id': 7, 'due': '12:30', 'read': 'no'}
    """
    text = text.removeprefix("\ufeff")
    try:
        found, _ = frontmatter.parse(text[: front_matter_end(text)], handler=_AsSpelled() if spelled else _Handler())
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {str(key): value for key, value in found.items()}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a scalar stands in the front matter.

    key: the top-level key it is in the value of, "" for a name itself. flow: inside [] or {}. indent: of the list
    items if it becomes a list. listed: an item of a list in []. name: it is the name of a property, not a value.
    whole: it is all of the key's value.
    """

    key: str
    flow: bool
    indent: int = 0
    listed: bool = False
    name: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Hole:
    """A scalar of the template that holds values.

    parts: text and value numbers. text: the template wrote it quoted or mixed with text, so it is text whatever
    the value. tail: what the scalar ended with and must end with again.
    """

    parts: tuple[str | int, ...]
    text: bool
    at: _Place
    tail: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A front matter cut at its holes: literal text, holes, and numbers of values in comments.

    keys: top-level, in order. indent: of the top level.
    """

    pieces: tuple[str | int | _Hole, ...]
    keys: tuple[str, ...] = ()
    indent: int = 0


def fill(head: str, values: Sequence[Any], *, identity: str) -> tuple[str, tuple[Property, ...]]:
    """The front matter with values put in, and the properties it holds.

    head: rendered, from "---" to the closing "---" with its newline, with "OPEN number CLOSE" for each value; or ""
    if the template has none. identity: the document's id, for the property vaultsync_id, added if it is not there.
    Raises PropertyError.
    """
    shape = _shape(head)
    names = _names(shape.keys, values)
    out: list[str] = []
    owned: dict[str, Property] = {}
    left_out = False
    for piece in shape.pieces:
        if isinstance(piece, int):
            out.append(remark(plain_text(values[piece])))
        elif isinstance(piece, str):
            out.append(_COMMA.sub("", piece, count=1) if left_out else piece)
        else:
            written = _written(piece, values, identity)
            left_out = piece.at.listed and not written
            if not piece.at.flow:
                out[-1] = _before(written, out[-1])
            out.append(written)
            if piece.at.key:
                owned[piece.at.key] = _property(piece, names[piece.at.key], values)
            continue
        left_out = False
    text = "".join(out)
    properties = tuple(owned.values())
    if ID_KEY in names.values():
        return text, properties
    return _with_identity(text, identity, shape.indent), (*properties, Property(ID_KEY, "id"))


# An empty value leaves no item in a list, so it takes the comma behind it along.
_COMMA = re.compile(r"^[ \t]*,[ \t]*")


def _before(written: str, literal: str) -> str:
    """The literal text before a value, with no blanks before nothing or before a line end."""
    if not written and literal.endswith(": "):
        return literal[:-1]
    return literal.rstrip(" ") if written.startswith("\n") else literal


def _names(keys: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    """The names of properties by what they are in the shape, where a name may hold values."""
    names = {key: _HOLE.sub(lambda hole: plain_text(values[int(hole[1])]), key) for key in keys}
    if len(set(names.values())) < len(keys):
        twice = next(key for place, key in enumerate(keys) if names[key] in [names[one] for one in keys[:place]])
        raise PropertyError(f'The front matter has the property "{names[twice]}" twice.', start=twice)
    return names


def _with_identity(text: str, identity: str, indent: int) -> str:
    line = f"{' ' * indent}{ID_KEY}: {quoted(identity)}\n"
    if not text:
        return f"---\n{line}---\n"
    closing = text.rstrip("\n").rfind("\n") + 1
    return text[:closing] + line + text[closing:]


def _property(hole: _Hole, name: str, values: Sequence[Any]) -> Property:
    if name == ID_KEY:
        return Property(ID_KEY, "id")
    value = values[hole.parts[0]] if hole.at.whole and len(hole.parts) == 1 and isinstance(hole.parts[0], int) else None
    if isinstance(value, Tracked) and not value.owner and value.via[:1] != _ITEM:
        return Property(name, value.field, value.via)
    if isinstance(value, TagList) and not value.owner:
        return Property(name, value.field)
    if isinstance(value, Flag) and not hole.text:
        return Property(name, value.field, AS_FLAG)
    if isinstance(value, Day) and value.field and not hole.text:
        return Property(name, value.field, AS_DAY)
    return Property(name, "")


# The one step of a tag that was taken out of its list.
_ITEM = (("item",),)


def _written(hole: _Hole, values: Sequence[Any], identity: str) -> str:
    if hole.at.key == ID_KEY:
        return quoted(identity) + hole.tail
    if hole.text:
        text = "".join(part if isinstance(part, str) else plain_text(_spelled(values[part])) for part in hole.parts)
        return scalar(text, flow=True) if hole.at.name else quoted(text) + hole.tail
    value = _spelled(values[hole.parts[0]])  # type: ignore[index]  # a hole that is not text is one number
    return _list(value, hole) if isinstance(value, list | tuple) else item(value, flow=hole.at.flow)


def _spelled(value: Any) -> Any:
    """Tags as Obsidian can hold them, one or many; any other value as it is."""
    if isinstance(value, TagList):
        return local_tags(value.names)
    return local_tag(str(value)) if isinstance(value, Tracked) and value.via == _ITEM else value


def _list(values: Sequence[Any], hole: _Hole) -> str:
    items = [item(_spelled(value), flow=hole.at.flow) for value in values]
    items = [text for text in items if text]
    if hole.at.listed:
        return ", ".join(items)
    if hole.at.flow or not items:
        return f"[{', '.join(items)}]"
    return "".join(f"\n{' ' * hole.at.indent}- {text}" for text in items)


@lru_cache(maxsize=256)
def _shape(head: str) -> _Shape:
    if not head:
        return _Shape(())
    start = head.index("\n") + 1
    inner = head[start : head.rstrip("\n").rfind("\n") + 1]
    root = _composed(inner)
    cuts = sorted(_holes(root, inner), key=lambda cut: cut[0]) if root else []
    pieces: list[str | int | _Hole] = []
    at = 0
    for begin, end, hole in cuts:
        pieces += [*_literal(inner[at:begin]), hole]
        at = end
    pieces += _literal(inner[at:])
    shape = (head[:start], *pieces, head[start + len(inner) :])
    return _Shape(shape, tuple(key.value for key, _ in root.value), root.start_mark.column) if root else _Shape(shape)


def _literal(text: str) -> Iterator[str | int]:
    """Text between scalars; what was printed into it stands in a comment."""
    for place, part in enumerate(_HOLE.split(text)):
        yield int(part) if place % 2 else part


def _composed(inner: str) -> Any:
    """The YAML of a front matter as nodes: a block mapping, or None. Raises PropertyError."""
    lines = [*inner.split("\n"), ""]
    try:
        root = yaml.compose(inner, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        message = f"The front matter is not YAML: {problem}."
        # What is left open is noticed at the end.
        upto = [line for line in lines[: mark.line + 1] if line.strip()] if mark else []
        raise PropertyError(message, start=upto[-1] if upto else "") from error
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise PropertyError("The front matter is not a list of properties, one a line (key: value).", start=lines[0])
    for key, value in root.value:
        line = lines[key.start_mark.line]
        if not isinstance(key, yaml.ScalarNode):
            raise PropertyError("A property's name must be text.", start=line)
        if key.value == ID_KEY and not (isinstance(value, yaml.ScalarNode) and _HOLE.search(value.value)):
            raise PropertyError(
                f'Only vaultsync writes {ID_KEY}: take the line out, or write "{{{{ document.id }}}}".', start=line
            )
    return root


def _holes(root: Any, source: str) -> Iterator[tuple[int, int, _Hole]]:
    """Every scalar with a value in it: where it begins and ends in `source`, and the hole."""
    seen: set[int] = set()

    def look(node: Any, place: _Place) -> Iterator[tuple[int, int, _Hole]]:
        if id(node) in seen:  # an alias is the node it stands for
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            flow = place.flow or bool(node.flow_style)
            for name, value in node.value:
                key = name.value if node is root else place.key
                yield from look(name, _Place("", flow, name=True))
                yield from look(value, _Place(key, flow, name.start_mark.column + 2, whole=node is root))
        elif isinstance(node, yaml.SequenceNode):
            flow = place.flow or bool(node.flow_style)
            for value in node.value:
                yield from look(value, _Place(place.key, flow, value.start_mark.column, listed=bool(node.flow_style)))
        elif _HOLE.search(node.value):
            yield _hole(node, source, place)

    return look(root, _Place("", False))


# An anchor and a type before a scalar: `&name`, `!!str`.
_DECORATED = re.compile(r"(?:[&!]\S*\s+)+")


def _hole(node: Any, source: str, place: _Place) -> tuple[int, int, _Hole]:
    begin, end = node.start_mark.index, node.end_mark.index
    decoration = _DECORATED.match(source, begin, end)
    if decoration:
        begin = decoration.end()
        if "!" in decoration[0]:
            start = source[:begin].rpartition("\n")[2]
            raise PropertyError("A value can't be given a type (!!) here.", start=start)
    raw = source[begin:end]
    # A block scalar (| or >) ends after its newlines, which have to stay.
    tail = raw[len(raw.rstrip()) :]
    split = _HOLE.split(node.value)
    parts = tuple(int(part) if number % 2 else part for number, part in enumerate(split) if number % 2 or part)
    text = place.name or bool(node.style) or len(parts) != 1
    return begin, end, _Hole(parts, text, place, tail)
