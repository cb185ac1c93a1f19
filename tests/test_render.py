from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.render_case import DOCUMENTS, NOW, TEXTS, document, rendered
from vaultsync.errors import TemplateError
from vaultsync.filters import FILTERS
from vaultsync.model import Document, Highlight
from vaultsync.paths import join_path
from vaultsync.properties import read_properties
from vaultsync.render import PathRenderer, Rendered, Renderer
from vaultsync.tracked import Property, TagList, plain_text

# --- templates put together at random ---------------------------------------------------------------------------------

HEAD = '---\ntitle: {{ document.title }}\nby: "{{ document.author }}"\ntags: [{{ document.tags | join(", ") }}]\n---\n'
WRAP = "{% macro wrap() %}<{{ caller() }}>{% endmacro %}\n"
ROUND = (
    "{}",
    "{{% if document.note %}}{}{{% endif %}}",
    "{{% set x %}}{}{{% endset %}}{{{{ x }}}}",
    "{{% macro m() %}}{}{{% endmacro %}}{{{{ m() }}}}",
    "{{% call wrap() %}}{}{{% endcall %}}",
    "{{% filter trim %}}{}{{% endfilter %}}",
    "{{% filter indent %}}{}{{% endfilter %}}",
    "{{% filter quote %}}{}{{% endfilter %}}",
)
FRAGMENTS = (
    *("text\n", "\n", "- ", "# {{ document.title }}\n", "{{ document.author | trim }}", "{{ document.note | quote }}\n"),
    *("{{ document.title | upper }}", "{{ document.tags }}", "{{ document.tags | hashtags }}", "{{ document.tags | wikilinks }}"),
    *("{{ document.published }}", "{{ document.updated | date }}", "{{ document.word_count }}", "{{ document.title ~ document.author }}"),
    *("{% for tag in document.tags %}{{ tag }};{% endfor %}", '{% include "part.md" %}', "{% set y = document.note %}{{ y | indent }}"),
    *("{{ document.tags[:1] | join }}", "{{ document.title | cell }}|", "{{ document.note | default('') | quote | indent(4) }}"),
)  # fmt: skip
OF_HIGHLIGHT = (
    *("{{ h.text | quote }}\n", "- Note: {{ h.note | indent }}\n", "{{ h.tags | hashtags }}\n", "{{ h.text }}", "text\n", "\n"),
    *("{{ h.location }}", "{% if h.favorite %}*{{ h.color }}*{% endif %}", "{{ h.note | callout }}\n", "[[#{{ h.anchor }}]]\n"),
    *("{% filter trim %}{{ h.note }}{% endfilter %}", "{{ h.highlighted_at | date('%d.%m.') }}", "{{ h.tags | join(', ') }}"),
)  # fmt: skip
ANCHORS = ("", "\n\n{{ h.anchor }}\n\n", " {{ h.anchor }}\n")
BLOCK = "{{% for h in document.highlights %}}{}{{% highlight h %}}{}{}{}{{% endhighlight %}}{}{{% endfor %}}"


def _round(pair: tuple[str, str]) -> str:
    return pair[0].format(pair[1])


def _joined(fragments: tuple[str, ...], most: int) -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(ROUND), st.sampled_from(fragments)).map(_round)
    return st.lists(one, max_size=most).map("".join)


# Blocks begin on a line of their own, as people write them; filters that work on lines would join them else.
_BLOCKS = st.tuples(
    st.sampled_from(["", "\n", "- "]), _joined(OF_HIGHLIGHT, 3), st.sampled_from(ANCHORS), _joined(OF_HIGHLIGHT, 2),
    st.sampled_from(["", "\n"]),
).map(lambda parts: BLOCK.format(*parts))  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A template, and what is to be known of it."""

    text: str
    head: bool
    anchored: bool


@st.composite
def templates(draw: st.DrawFn) -> Made:
    head = draw(st.booleans())
    blocks = _round((draw(st.sampled_from(ROUND)), draw(_BLOCKS)))
    body = draw(_joined(FRAGMENTS, 4)) + "\n\n" + blocks + "\n\n" + draw(_joined(FRAGMENTS, 2))
    return Made(
        WRAP + (HEAD if head else "# Top\n") + body,
        head,
        "^" not in body and "}\n\n" in blocks or " {{ h.anchor" in blocks,
    )


PARTS = {"part.md": "Part of {{ document.title }}{% if document.note %}: {{ document.note }}{% endif %}\n"}


def value_of(shown: Document, owner: str, field: str) -> Any:
    if not owner:
        return TagList(shown.tags, "") if field == "tags" else getattr(shown, field)
    highlight = next(one for one in shown.highlights if one.id == owner)
    if field == "anchor":
        return f"^{highlight.block_id}"
    return TagList(highlight.tags, owner) if field == "tags" else getattr(highlight, field)


def through(value: Any, via: tuple[tuple[Any, ...], ...]) -> str:
    for name, *arguments in via:
        value = FILTERS[name](value, *arguments)
    return plain_text(value)


def holds_the_laws(note: Rendered, shown: Document) -> None:
    text, layout = note.text, note.layout
    assert not re.search("[\ufdd0-\ufdef]", text) and text.endswith("\n")
    at = layout.body
    for span in layout.spans:
        assert at <= span.start <= span.end <= len(text)
        at = span.end
        if span.via == (("item",),):
            assert text[span.start : span.end] in value_of(shown, span.owner, span.field).names
        elif span.field:
            assert text[span.start : span.end] == through(value_of(shown, span.owner, span.field), span.via)
    at = layout.body
    for block in layout.blocks:
        assert at <= block.start < block.end <= len(text)
        at = block.end
        own = [span for span in layout.spans if (span.owner, span.field) == (block.id, "anchor")]
        ending = [span for span in own if ends_a_line(text, span.start, span.end)]
        assert len(ending) == 1 and block.start <= ending[0].start < ending[0].end <= block.end


def ends_a_line(text: str, start: int, end: int) -> bool:
    return text[start - 1] in "\n \t" and text[end:].partition("\n")[0].strip(" \t") == ""


@settings(max_examples=150)
@given(templates(), DOCUMENTS)
def test_whatever_the_template_and_the_document_the_layout_is_true(made, shown):
    sources = {"document.md": made.text, **PARTS}
    renderer, untracked = Renderer(sources), Renderer(sources, captures=False)

    note = renderer.render("document.md", shown, now=NOW)

    holds_the_laws(note, shown)
    assert [block.id for block in note.layout.blocks] in ([], [one.id for one in shown.highlights])
    bare = untracked.render("document.md", shown, now=NOW)
    assert bare.text == note.text
    assert bare.layout.blocks == note.layout.blocks
    holds_the_laws(bare, shown)
    body, plain = note.text[note.layout.body :], renderer.plain("document.md", shown, now=NOW)
    if made.anchored:
        assert f"{plain}\n".endswith(body) or plain.endswith(body)
    else:
        assert _without_anchors(plain).endswith(_without_anchors(body))
    if made.head:
        tags = read_properties(note.text)["tags"]
        assert read_properties(note.text) == {
            "title": shown.title or None, "by": shown.author, "tags": tags, "vaultsync_id": shown.id,
        }  # fmt: skip
        assert yaml.safe_load(note.text[4 : note.layout.body - 4])["by"] == shown.author


def _without_anchors(text: str) -> str:
    return "".join(re.sub(r"\^rw\d+", "", text).split())


@settings(max_examples=50)
@given(DOCUMENTS)
def test_every_lens_filter_keeps_the_place_of_its_value(shown):
    lenses = ["quote", "indent", "indent(4, true)", "trim", "cell", "trim | quote | indent", "default('x')"]
    template = "".join(f"{number}: {{{{ document.title | {lens} }}}}\n" for number, lens in enumerate(lenses))
    lists = ["hashtags", "wikilinks", "join('; ')", "join", "hashtags | quote"]
    template += "".join(f"{number}: {{{{ document.tags | {lens} }}}}\n" for number, lens in enumerate(lists))

    note = rendered(template, shown)

    holds_the_laws(note, shown)
    assert [span.field for span in note.layout.spans] == ["title"] * len(lenses) + ["tags"] * len(lists)
