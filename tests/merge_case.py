"""A note at its source, in the vault and merged: what tests of the merge say of it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.render_case import NOW
from vaultsync.lens.get import read
from vaultsync.merging.conflicts import masked
from vaultsync.merging.merge import MergedNote, merge_fields, merge_note
from vaultsync.model import Document, Highlight
from vaultsync.rendering.render import Rendered, Renderer

CASES = Path(__file__).parent / "merge_cases"


@cache
def template(name: str) -> str:
    """A template the cases are told with: quote, callout, item."""
    return (CASES / "templates" / f"{name}.md").read_text()


@cache
def _renderer(text: str) -> Renderer:
    return Renderer({"document.md": text})


def rendered(document: Document, text: str) -> Rendered:
    """The note of a document by the text of a template."""
    return _renderer(text).render("document.md", document, now=NOW)


def highlight(number: int, text: str, **fields: Any) -> Highlight:
    """A highlight with the anchor rw<number>, at a location of its own."""
    told: dict[str, Any] = {"location": number, "url": f"https://example.org/{number}"} | fields
    return Highlight(id=str(number), block_id=f"rw{number}", text=text, **told)


def document(*highlights: Highlight, **fields: Any) -> Document:
    """A document; three highlights unless told."""
    three = tuple(highlight(number, text) for number, text in enumerate(("First.", "Second.", "Third."), 1))
    told: dict[str, Any] = {"title": "Meditations", "author": "Marcus Aurelius", "tags": ("stoic",)} | fields
    return Document(id="readwise:1", highlights=highlights or three, **told)


def changed(base: Document, number: int, **fields: Any) -> Document:
    """The document with one highlight changed."""
    highlights = [msgspec.structs.replace(one, **fields) if one.id == str(number) else one for one in base.highlights]
    return msgspec.structs.replace(base, highlights=tuple(highlights))


def with_highlights(base: Document, highlights: Sequence[Highlight]) -> Document:
    """The document with other highlights."""
    return msgspec.structs.replace(base, highlights=tuple(highlights))


def merged(base: Document, ours: str, theirs: Document, old: str = "", new: str = "") -> MergedNote:
    """What a note becomes. old, new: texts of the templates; "quote" unless told, and the same."""
    old = old or template("quote")
    note = rendered(base, old)
    reading = read(note.text, note.layout, masked(ours), base)
    wanted, conflicts = merge_fields(base, reading, theirs)
    return merge_note(note, ours, reading, rendered(wanted, new or old), conflicts)


@dataclass(frozen=True)
class Case:
    """A golden directory: case.toml tells both documents, the rest is text."""

    name: str
    base: Document
    theirs: Document
    old: str
    new: str
    texts: dict[str, str] = field(default_factory=dict)


def case(name: str) -> Case:
    """Read a golden directory."""
    folder = CASES / name
    told = tomllib.loads((folder / "case.toml").read_text())
    texts = {
        file.stem: file.read_bytes().decode() for file in folder.iterdir() if file.suffix == ".md" and file.is_file()
    }
    old = told.get("template", "quote")
    base, theirs = _told(told["base"]), _told(told["base"] | told["theirs"])
    return Case(name, base, theirs, template(old), texts.pop("template", template(old)), texts)


def _told(fields: dict[str, Any]) -> Document:
    rest: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    highlights = [highlight(**_tuples(one)) for one in rest.pop("highlights", ())]
    return Document(id="readwise:1", highlights=tuple(highlights), **rest)


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
