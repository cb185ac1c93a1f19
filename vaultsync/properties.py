"""Properties are data: fill a template's front matter with values as YAML, and read front matter back. No I/O.

The rendered front matter comes with a mark in place of each value. It is parsed once per shape; only the scalars
that hold a mark are written anew, every other byte of it is the template's. So no title can break the YAML or add
a key to it, quoted or not. Read by YAML 1.2 core rules; written so that readers of 1.1 agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from vaultsync.errors import VaultsyncError
from vaultsync.tags import local_tags
from vaultsync.tracked import CLOSE, NONCHARACTERS, OPEN, Property, TagList, Tracked, iso_seconds, plain_text

ID_KEY = "vaultsync_id"
_HOLE = re.compile(f"{OPEN}(\\d+){CLOSE}")
# Plain scalars every YAML reader takes for text: they begin with a letter and hold nothing that is syntax anywhere.
_PLAIN = re.compile(r"[^\W\d_][\w .,;()/+'’“”„«»…–—-]*[\w.)’”»…]|[^\W\d_]", re.UNICODE)
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])
_ESCAPED = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff{NONCHARACTERS}]")


class PropertyError(VaultsyncError):
    """A template's front matter is not YAML. line: 1-based, in the rendered note."""

    def __init__(self, message: str, *, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml where it is built in
    """YAML 1.2 core: `no`, `12:30`, `1_000` and dates are text; `0o7` and `true` are not."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


class _Handler(YAMLHandler):
    """python-frontmatter's way in, with our reading of YAML."""

    def load(self, fm: str, **_: object) -> Any:
        return yaml.load(fm, Loader=_Loader)  # noqa: S506  # _Loader is a safe loader


def read_properties(text: str) -> dict[str, Any]:
    r"""The properties of a note, {} if it has none or they are not YAML.

    >>> read_properties("---\nid: 007\ndue: 12:30\nread: no\n---\ntext")
    {'id': 7, 'due': '12:30', 'read': 'no'}
    """
    try:
        found, _ = frontmatter.parse(text.removeprefix("\ufeff"), handler=_Handler())
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {str(key): value for key, value in found.items()}


def scalar(text: str) -> str:
    r"""Text as one YAML scalar that readers of YAML 1.1 and 1.2 agree on.

    >>> scalar("Moby-Dick"), scalar("no"), scalar("12:30"), scalar('a "b"'), scalar("")
    ('Moby-Dick', '"no"', '"12:30"', '"a \\"b\\""', '""')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Text as a double-quoted YAML scalar on one line."""
    return _ESCAPED.sub(lambda char: f"\\u{ord(char[0]):04x}", encode_basestring(text))


def item(value: Any) -> str:
    """One value that is not a list, as YAML; nothing for None and for empty text."""
    if isinstance(value, str):
        return scalar(value) if value else ""
    if isinstance(value, datetime):
        return iso_seconds(value)
    if isinstance(value, date):
        return value.isoformat()
    text = plain_text(value)
    return text if value is None or isinstance(value, bool | int | float) else scalar(text)


@dataclass(frozen=True, slots=True)
class _Hole:
    """A scalar of the template that holds values.

    parts: text and value numbers. text: the template wrote it quoted or mixed with text, so it is text whatever
    the value. flow: inside [] or {}. indent: of the list items if it becomes a list. key: the top-level key it is
    the whole value of, or None. tail: what the scalar ended with and must end with again.
    """

    parts: tuple[str | int, ...]
    text: bool
    flow: bool
    indent: int
    key: str | None
    tail: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A front matter cut at its holes: literal text and holes in turn. keys: top-level, in order."""

    pieces: tuple[str | _Hole, ...]
    keys: tuple[str, ...]


def fill(head: str, values: Sequence[Any], *, identity: str) -> tuple[str, tuple[Property, ...]]:
    """The front matter with values put in, and the properties it holds.

    head: rendered, from "---" to the closing "---" with its newline, with "OPEN number CLOSE" for each value; or ""
    if the template has none. identity: the document's id, for the property vaultsync_id, added if it is not there.
    Raises PropertyError.
    """
    shape = _shape(head)
    out: list[str] = []
    owned: list[Property] = []
    for piece in shape.pieces:
        if isinstance(piece, str):
            out.append(piece)
            continue
        written = _written(piece, values, identity)
        if not written and out and out[-1].endswith(": "):
            out[-1] = out[-1][:-1]
        elif written.startswith("\n"):
            out[-1] = out[-1].rstrip(" ")
        out.append(written)
        if piece.key is not None:
            owned.append(_property(piece, values))
    text = "".join(out)
    if ID_KEY not in shape.keys:
        text = _with_identity(text, identity)
        owned.append(Property(ID_KEY, "id"))
    return text, tuple(owned)


def _with_identity(text: str, identity: str) -> str:
    line = f"{ID_KEY}: {quoted(identity)}\n"
    if not text:
        return f"---\n{line}---\n"
    closing = text.rstrip("\n").rfind("\n") + 1
    return text[:closing] + line + text[closing:]


def _property(hole: _Hole, values: Sequence[Any]) -> Property:
    assert hole.key is not None
    value = values[hole.parts[0]] if len(hole.parts) == 1 and isinstance(hole.parts[0], int) else None
    if isinstance(value, Tracked) and not value.owner:
        return Property(hole.key, value.field, value.via)
    if isinstance(value, TagList) and not value.owner:
        return Property(hole.key, value.field)
    return Property(hole.key, "")


def _written(hole: _Hole, values: Sequence[Any], identity: str) -> str:
    if hole.key == ID_KEY:
        return quoted(identity) + hole.tail
    if hole.text:
        text = "".join(part if isinstance(part, str) else plain_text(values[part]) for part in hole.parts)
        return quoted(text) + hole.tail
    value = values[hole.parts[0]]  # type: ignore[index]  # a hole that is not text is one number
    if isinstance(value, TagList):
        return _list(local_tags(value.names), hole)
    if isinstance(value, list | tuple):
        return _list(value, hole)
    return item(value) + hole.tail


def _list(values: Sequence[Any], hole: _Hole) -> str:
    items = [item(value) or '""' for value in values]
    if hole.flow:
        return ", ".join(items)
    if not items:
        return "[]"
    return "".join(f"\n{' ' * hole.indent}- {text}" for text in items)


@lru_cache(maxsize=256)
def _shape(head: str) -> _Shape:
    if not head:
        return _Shape((), ())
    start = head.index("\n") + 1
    inner = head[start : head.rstrip("\n").rfind("\n") + 1]
    try:
        root = yaml.compose(inner, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise PropertyError(f"The front matter is not YAML: {error.problem}.", line=line + 2) from error
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise PropertyError("The front matter is not a list of properties (key: value).", line=2)
    keys = tuple(key.value for key, _ in root.value) if root else ()
    for key in keys:
        if keys.count(key) > 1:
            raise PropertyError(f'The front matter has the property "{key}" twice.', line=2)
    pieces: list[str | _Hole] = []
    at = 0
    for begin, end, hole in _holes(root, inner) if root else ():
        pieces += [inner[at:begin], hole]
        at = end
    pieces.append(inner[at:])
    pieces[0] = head[:start] + str(pieces[0])
    pieces[-1] = str(pieces[-1]) + head[start + len(inner) :]
    return _Shape(tuple(pieces), keys)


def _holes(root: Any, source: str) -> Iterator[tuple[int, int, _Hole]]:
    """Every scalar with a value in it, in order: where it begins and ends in `source`, and the hole."""
    found: list[tuple[int, int, _Hole]] = []

    def look(node: Any, indent: int, flow: bool, key: str | None) -> None:
        if isinstance(node, yaml.MappingNode):
            flow = flow or bool(node.flow_style)
            for name, value in node.value:
                look(name, indent, True, None)
                look(value, name.start_mark.column + 2, flow, name.value if node is root else None)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                look(value, indent, flow or bool(node.flow_style), None)
        elif _HOLE.search(node.value):
            found.append(_hole(node, source, indent, flow, key))

    look(root, 0, False, None)
    return iter(sorted(found, key=lambda hole: hole[0]))


def _hole(node: Any, source: str, indent: int, flow: bool, key: str | None) -> tuple[int, int, _Hole]:
    begin, end = node.start_mark.index, node.end_mark.index
    raw = source[begin:end]
    # A block scalar (| or >) ends after its newline, which has to stay.
    tail = "\n" if raw.endswith("\n") else ""
    split = _HOLE.split(node.value)
    parts = tuple(int(part) if place % 2 else part for place, part in enumerate(split) if place % 2 or part)
    text = bool(node.style) or len(parts) != 1 or not isinstance(parts[0], int)
    return begin, end, _Hole(parts, text, flow, indent, key, tail)


_OPENING = re.compile(r"---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)


def front_matter_end(text: str) -> int:
    r"""Where the front matter of a note ends, after its closing line; 0 if it has none. Characters.

    >>> front_matter_end("---\na: 1\n---\ntext")
    13
    """
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    return closing.end() if closing else 0
