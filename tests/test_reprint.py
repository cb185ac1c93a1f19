"""A note printed again with other values is the note that rendering makes of them, whatever the template does."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.render_case import DOCUMENTS, NOW, TEXTS, WORDS, document
from vaultsync.errors import TemplateError
from vaultsync.model import Document, Value, with_fields
from vaultsync.rendering.render import Rendered, Renderer
from vaultsync.rendering.reprint import rendered_again
from vaultsync.rendering.templates import SETS, shipped_folder

# Text, and what a template does nothing with but print it; also beside an anchor, where a value is more than itself.
_PLAIN = (
    "{{ h.note }}", "{{ h.note | indent }}", "{{ h.text | quote }}", "{{ h.text | trim | cell }}", "{{ h.tags }}",
    "{{ h.tags | hashtags }}", "{{ h.tags | wikilinks | indent }}", "{{ h.tags | join('; ') }}", "{{ h.anchor }}",
    "{{ (document.highlights | last).note | quote }}", "- ", " ", "\n", "\n\n", "word", "^", "\n> ", "\n- Note: ",
    "\n\n{{ h.anchor }}\n\n", "{{ rows['a'] }}", "{{ rows[h.color] }}",
)  # fmt: skip
_OUTSIDE = ("{{ document.note | indent }}", "{{ document.note }}", "{{ document.tags }}", "x", "\n", " ", "")
# What looks at a note, or at some other field by a name that is made up, or catches what is printed.
_LOOKING = (
    "{{ h.note | join }}", "{{ h.note | hashtags }}", "{{ h.note | callout }}", "{{ h.note | upper }}",
    "{{ h['note'] }}", "{{ h[name] }}", "{{ h[odd['a']] }}", "{{ document[rows['a']] }}", "{% if h.note %}N{% endif %}",
    "{{ h.note or 'none' }}", "{{ h.text ~ h.note }}", "{% set n = h.note %}{{ n }}", "{{ '%s' | format(h.note) }}",
    "{% set n %}{{ h.note }}{% endset %}{{ n }}", "{% filter upper %}{{ h.note }}{% endfilter %}",
    "{{ '{0.note}'.format(h) }}", "{{ ['{0.note}'] | map(attribute='format') | list }}", "{{ h | attr('note') }}",
    "{% from 'part.md' import shown %}{{ shown(h) }}", "{% include 'part.md' %}", "{% include h.note ignore missing %}",
    "{{ document.highlights | map(attribute='note') | list }}", "{{ document.highlights | map('attr', 'note') }}",
    "{{ document.highlights | groupby('note') | length }}", "{{ h.note is defined }}", "{{ [h.note] | first }}",
    "{{ (document.highlights | sort(attribute='id,note') | first).text }}", "{{ {'note': h.note}.note }}",
    "{{ document.highlights | rejectattr('note') | list | length }}", "{{ namespace(x=h).x[name] }}",
    "{% macro caught(h) %}{{ h.note }}{% endmacro %}{{ caught(h) }}", "{% if h.note in 'abc' %}x{% endif %}",
    "{% for letter in h.note %}{{ letter }}{% endfor %}", "{{ h.note | indent(h.location) }}",
)  # fmt: skip
_FRONTS = (
    "", "# {{ document.title }}\n", "---\n---\n", "---\ntitle: {{ document.title }}\n---\n",
    "---\ntags: {{ document.tags }}\n---\n", "---\ntags: {{ document.tags | join(', ') }}\n---\n",
    "---\nnote: {{ document.note }}\n---\n", "---\nfirst: {{ (document.highlights | last).note }}\n---\n",
    "---\nx: {{ document.note | quote }} y\n---\n",
    "---\nall: {{ document.highlights | map(attribute='text') | join(', ') }}\n---\n",
)  # fmt: skip
_SETS = "{% set rows = {'a': 'note'} %}{% set odd = document.highlights[0] or {} %}{% set name = 'note' %}"
_PART = "{% macro shown(h) %}{{ h.note }}{% endmacro %}{{ document.note if document }}"


def template(inside: str, *, front: str = "", before: str = "", between: str = "", after: str = "") -> str:
    block = f"{{% highlight h %}}{inside}{{% endhighlight %}}{between}"
    return f"{front}{_SETS}{before}{{% for h in document.highlights %}}{block}{{% endfor %}}{after}"


@st.composite
def templates(draw: st.DrawFn) -> str:
    inside = draw(st.lists(st.sampled_from(_PLAIN), max_size=5))
    if draw(st.integers(0, 5)) == 0:
        inside.insert(draw(st.integers(0, len(inside))), draw(st.sampled_from(_LOOKING)))
    before, after = draw(st.sampled_from(_OUTSIDE)), draw(st.sampled_from(_OUTSIDE))
    between = draw(st.sampled_from(["", *_PLAIN]))
    return template("".join(inside), front=draw(st.sampled_from(_FRONTS)), before=before, between=between, after=after)


_TAGS: st.SearchStrategy[Value] = st.lists(WORDS, max_size=3).map(tuple)
_NEW: dict[str, st.SearchStrategy[Value]] = {"note": TEXTS | st.sampled_from(["", "x"]), "text": TEXTS, "tags": _TAGS}


@st.composite
def versions(draw: st.DrawFn) -> tuple[Document, Document]:
    """A document, and one with other values in fields of it that can be edited."""
    before = draw(DOCUMENTS.filter(lambda one: bool(one.highlights)))
    some = st.lists(st.sampled_from(list(_NEW)), max_size=2, unique=True)
    highlights = tuple(with_fields(one, {name: draw(_NEW[name]) for name in draw(some)}) for one in before.highlights)
    own = st.lists(st.sampled_from(["note", "tags", "title"]), max_size=1)
    now = with_fields(before, {name: draw(_NEW.get(name, TEXTS)) for name in draw(own)})
    return before, msgspec.structs.replace(now, highlights=highlights)


def outcome(renderer: Renderer, shown: Document, *, again: bool = False) -> Rendered | None:
    """The note; None if there is none."""
    try:
        if again:
            return rendered_again(renderer, "document.md", shown, now=NOW)
        return renderer.render("document.md", shown, now=NOW)
    except TemplateError:
        return None


def is_rendered_alike(sources: dict[str, str], before: Document, now: Document) -> bool:
    renderer = Renderer(sources)
    outcome(renderer, before)
    return outcome(renderer, now, again=True) == outcome(Renderer(sources), now)


@given(templates(), versions())
@example(template("a", before="{{ document.note }}"), (document(note=""), document(note="x")))
@example(template("a", after="{{ document.note }}"), (document(note="x"), document(note="x\n")))
@example(template("{{ h.anchor }}", after="{{ document.note }}"), (document(note=""), document(note="x")))
@example(template("a", after="{{ document.note }}b"), (document(note=""), document(note="x")))
def test_a_note_printed_again_is_the_note_that_is_rendered(shape: str, told: tuple[Document, Document]) -> None:
    assert is_rendered_alike({"document.md": shape, "part.md": _PART}, *told)


def shipped(folder: str, name: str) -> dict[str, str]:
    """The templates of a set, the named one as `document.md`."""
    texts = {path.name: path.read_text("utf-8") for path in (shipped_folder() / folder).glob("*.md")}
    own = texts[name].replace('"document.md"', '"base.md"')
    return {**texts, "base.md": texts["document.md"], "document.md": own}


SHIPPED = [(folder, path.name) for folder in SETS for path in sorted((shipped_folder() / folder).glob("document*.md"))]


@pytest.mark.parametrize(("folder", "name"), SHIPPED)
@settings(max_examples=20)  # of each of seven, and each is rendered three times
@given(told=versions())
def test_so_it_is_with_every_shipped_template(folder: str, name: str, told: tuple[Document, Document]) -> None:
    assert is_rendered_alike(shipped(folder, name), *told)


def is_printed_again(sources: dict[str, str], before: Document, now: Document) -> bool:
    """Whether rendering was done without."""
    renderer = Renderer(sources)
    outcome(renderer, before)
    assert outcome(renderer, now, again=True) == outcome(Renderer(sources), now)
    return renderer.made is not None and renderer.made.document is before


def noted(note: str) -> Document:
    """A document with a note typed at its first highlight."""
    first, second = document().highlights
    return document(highlights=(with_fields(first, {"note": note}), second))


@pytest.mark.parametrize(("folder", "name"), SHIPPED)
def test_a_note_typed_at_a_highlight_needs_no_rendering_with_a_shipped_template(folder: str, name: str) -> None:
    assert is_printed_again(shipped(folder, name), noted(""), noted("Typed.\n\nAnd more."))


@pytest.mark.parametrize("looking", _LOOKING)
def test_what_may_look_at_a_note_is_found(looking: str) -> None:
    shape = template(f"\n- Note: {{{{ h.note }}}}\n{looking}\n")
    told = Renderer({"document.md": shape, "part.md": _PART}).looked_at("document.md")
    assert told is None or "note" in told


@pytest.mark.parametrize("printing", _PLAIN)
def test_what_only_prints_a_note_is_known_to(printing: str) -> None:
    shape = template(f"\n- Note: {{{{ h.note }}}}\n{printing}\n")
    told = Renderer({"document.md": shape}).looked_at("document.md")
    assert told is not None
    assert "note" not in told


def test_a_filter_of_a_plugin_may_look_at_anything() -> None:
    sources = {"document.md": template("- {{ h.note | indent }}\n- {{ h.text | own }}\n")}
    for filters, again in (({"own": str}, False), ({"indent": str, "own": str}, False)):
        renderer = Renderer(sources, filters)
        outcome(renderer, noted(""))
        rendered_again(renderer, "document.md", noted("x"), now=NOW)
        assert renderer.made is not None
        assert (renderer.made.document == noted("")) is again


def test_what_is_no_value_that_can_be_edited_is_rendered() -> None:
    one, other = document(), document(word_count=7)
    assert not is_printed_again({"document.md": template("- {{ h.note }}\n- More\n")}, one, other)
