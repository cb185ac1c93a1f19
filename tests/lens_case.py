"""Templates of quite different shapes, and notes made by them, for the tests that read edited notes back."""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.render_case import NOW
from vaultsync.lens import get as lens
from vaultsync.lens.inverse import Value
from vaultsync.lens.reading import Reading
from vaultsync.model import Document, Highlight
from vaultsync.rendering.render import Rendered, Renderer

_HEAD = "---\ntitle: {{ document.title }}\ntags: {{ document.tags }}\n---\n# {{ document.title }}\n\n"
_LOOP = "{% for h in document.highlights %}{% highlight h %}\n"
_END = "{% endhighlight %}\n{% endfor %}\n"

SHAPES: Mapping[str, str] = {
    "quote and list": _HEAD
    + "by {{ document.author }}\n\n- Note: {{ document.note | indent }}\n\n## Highlights\n\n"
    + _LOOP
    + "{{ h.text | quote }}\n\n{{ h.anchor }}\n\n- Note: {{ h.note | indent }}\n- Tags: {{ h.tags | hashtags }}\n"
    + "- Page {{ h.location }}\n\n"
    + _END,
    "callouts": _HEAD
    + "> [!note] Note\n{{ document.note | quote }}\n\n"
    + _LOOP
    + "> [!quote] Page {{ h.location }}\n>\n{{ h.text | quote }}\n\n{{ h.anchor }}\n\n"
    + "> [!note] Note · Tags: {{ h.tags | hashtags }}\n{{ h.note | quote }}\n\n"
    + _END,
    "table": _HEAD
    + "| About | |\n|---|---|\n| Author | {{ document.author | cell }} |\n| Note | {{ document.note | cell }} |\n\n"
    + _LOOP
    + "| Page {{ h.location }} | |\n|---|---|\n| Passage | {{ h.text | cell }} |\n| Note | {{ h.note | cell }} |\n"
    + "| Tags | {{ h.tags | hashtags }} |\n\n{{ h.anchor }}\n\n"
    + _END,
    "inline fields": _HEAD
    + "author:: {{ document.author }}\nnote:: {{ document.note }}\n\n"
    + _LOOP
    + "{{ h.text | quote }}\n\n{{ h.anchor }}\n\nnote:: {{ h.note }}\ntags:: {{ h.tags | join(', ') }}\n"
    + "color:: {{ h.color }}\n\n"
    + _END,
    "nested list": _HEAD
    + "- About\n    - Note: {{ document.note | indent(6) }}\n    - Tags: {{ document.tags | wikilinks }}\n\n"
    + _LOOP
    + "- {{ h.text | quote | indent }}\n\n  (page {{ h.location }}) {{ h.anchor }}\n"
    + "    - Note: {{ h.note | indent(6) }}\n    - Tags: {{ h.tags | wikilinks }}\n"
    + _END,
    "one-line items": _HEAD
    + "Author: {{ document.author }} · Note: {{ document.note }}\n\n"
    + _LOOP
    + "- {{ h.text | trim }} · Note: {{ h.note }} · Tags: {{ h.tags | hashtags }}"
    + " (page {{ h.location }}) {{ h.anchor }}\n"
    + _END,
}
# Shapes whose values are one line of text wherever nothing marks a second one.
ONE_LINE = frozenset(["inline fields", "one-line items"])

WORDS = [
    *("time", "river", "stone", "morning", "letter", "garden", "silence", "memory", "light", "winter", "doubt"),
    *("reason", "habit", "mind", "world", "courage", "page", "small", "quiet", "good", "old", "first", "same"),
    *("idea", "note", "tags", "author", "passage", "life"),
]
TAGS = ("stoic", "to read", "2024", "philosophy/ethics", "favorite", "life", "Ideas")


def words(pick: random.Random, least: int = 2, most: int = 9) -> str:
    """A line of words, sometimes with what Markdown makes of words."""
    line = [pick.choice(WORDS) for _ in range(pick.randint(least, most))]
    if pick.random() < 0.25:
        line.insert(
            pick.randint(0, len(line)), pick.choice(["[[Marcus Aurelius]]", "**so**", "a, b", "==yes==", "x: y"])
        )
    return " ".join(line)


def text(pick: random.Random, *, lines: bool) -> str:
    """A value: a line, or several if that is wanted."""
    if not lines or pick.random() < 0.6:
        return words(pick)
    return "\n".join(
        pick.choice(["", "- ", ""]) + words(pick) if pick.random() < 0.85 else "" for _ in range(3)
    ).strip()


def tags(pick: random.Random) -> tuple[str, ...]:
    """Some tags by their names at the service."""
    return tuple(pick.sample(TAGS, pick.choice([0, 0, 1, 2, 3])))


def library(pick: random.Random, shape: str, count: int = 4) -> Document:
    """A document with highlights, as the shape can hold them."""
    several = shape not in ONE_LINE
    made = tuple(
        Highlight(
            id=str(number),
            block_id=f"rw{number}",
            text=text(pick, lines=shape != "one-line items"),
            note=pick.choice(["", text(pick, lines=several)]),
            tags=tags(pick),
            color=pick.choice(["", "yellow"]),
            location=number * 7,
        )
        for number in range(1, count + 1)
    )
    note = pick.choice(["", text(pick, lines=several)])
    return Document(
        id="readwise:1", title=words(pick), author=words(pick, 1, 2), note=note, tags=tags(pick), highlights=made
    )


RENDERERS = {shape: Renderer({"document.md": template}) for shape, template in SHAPES.items()}


def note_of(document: Document, shape: str) -> Rendered:
    """The note a shape makes of a document."""
    return RENDERERS[shape].render("document.md", document, now=NOW)


def rendered_by(template: str, document: Document) -> Rendered:
    """The note a template makes of a document."""
    return Renderer({"document.md": template}).render("document.md", document, now=NOW)


def said(template: str, document: Document, *changes: tuple[str, str]) -> Reading:
    """What is read from a note after each of the texts in it was replaced by another one."""
    base = rendered_by(template, document)
    ours = base.text
    for old, new in changes:
        assert old in ours, f"{old!r} is not in the note:\n{ours}"
        ours = ours.replace(old, new, 1)
    return lens.read(base.text, base.layout, ours, document)


def value_of(document: Document, owner: str, name: str) -> Value:
    """A field's value in the document itself."""
    thing = next(one for one in document.highlights if one.id == owner) if owner else document
    value: Value = getattr(thing, name)
    return value
