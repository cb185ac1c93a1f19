from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render_case import DOCUMENTS, NOW, TEXTS, document, rendered
from vaultsync.errors import TemplateError
from vaultsync.model import Document, Highlight
from vaultsync.paths import join_path
from vaultsync.properties import read_properties
from vaultsync.rendering.filters import FILTERS
from vaultsync.rendering.render import PathRenderer, Rendered, Renderer
from vaultsync.rendering.tracked import Property, TagList, plain_text

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
    "text\n", "\n", "- ", "# {{ document.title }}\n", "{{ document.author | trim }}",
    "{{ document.note | quote }}\n", "{{ document.title | upper }}", "{{ document.tags }}",
    "{{ document.tags | hashtags }}", "{{ document.tags | wikilinks }}", "{{ document.published }}",
    "{{ document.updated | date }}", "{{ document.word_count }}", "{{ document.title ~ document.author }}",
    "{% for tag in document.tags %}{{ tag }};{% endfor %}", '{% include "part.md" %}',
    "{% set y = document.note %}{{ y | indent }}", "{{ document.tags[:1] | join }}", "{{ document.title | cell }}|",
    "{{ document.note | default('') | quote | indent(4) }}",
)  # fmt: skip
OF_HIGHLIGHT = (
    "{{ h.text | quote }}\n", "- Note: {{ h.note | indent }}\n", "{{ h.tags | hashtags }}\n", "{{ h.text }}",
    "text\n", "\n", "{{ h.location }}", "{% if h.favorite %}*{{ h.color }}*{% endif %}", "{{ h.note | callout }}\n",
    "[[#{{ h.anchor }}]]\n", "{% filter trim %}{{ h.note }}{% endfilter %}",
    "{{ h.highlighted_at | date('%d.%m.') }}", "{{ h.tags | join(', ') }}",
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
    anchored = any(anchor in blocks for anchor in ANCHORS[1:])
    return Made(WRAP + (HEAD if head else "# Top\n") + body, head, anchored)


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


@settings(max_examples=80)
@given(templates(), DOCUMENTS)
def test_whatever_the_template_and_the_document_the_layout_is_true(made: Made, shown: Document) -> None:
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


@settings(max_examples=30)
@given(DOCUMENTS)
def test_every_lens_filter_keeps_the_place_of_its_value(shown: Document) -> None:
    lenses = ["quote", "indent", "indent(4, true)", "trim", "cell", "trim | quote | indent", "default('x')"]
    template = "".join(f"{number}: {{{{ document.title | {lens} }}}}\n" for number, lens in enumerate(lenses))
    lists = ["hashtags", "wikilinks", "join('; ')", "join", "hashtags | quote"]
    template += "".join(f"{number}: {{{{ document.tags | {lens} }}}}\n" for number, lens in enumerate(lists))

    note = rendered(template, shown)

    holds_the_laws(note, shown)
    assert [span.field for span in note.layout.spans] == ["title"] * len(lenses) + ["tags"] * len(lists)


IDENTITY = '---\nvaultsync_id: "readwise:1"\n---\n'
LOOP = "{{% for h in document.highlights %}}\n{}{{% endfor %}}\n"


def body(template: str, shown: Document | None = None) -> str:
    note = rendered(template, shown)
    return note.text[note.layout.body :]


def test_the_example_of_the_design_gives_the_note_it_promises() -> None:
    template = (
        '---\ntitle: "{{ document.title }}"\ntags: {{ document.tags }}\n---\n# {{ document.title }}\n'
        + LOOP.format(
            "{% highlight h %}\n{{ h.text | quote }}\n\n{{ h.anchor }}\n\n- Note: {{ h.note | indent }}\n"
            "- Tags: {{ h.tags | hashtags }}\n{% endhighlight %}\n"
        )
    )  # fmt: skip

    note = rendered(template, document(title='The "1984": no #1'))

    assert note.text == (
        '---\ntitle: "The \\"1984\\": no #1"\ntags:\n  - to-read\n  - y2024\nvaultsync_id: "readwise:1"\n---\n'
        '# The "1984": no #1\n> First.\n\n^rw1\n\n- Note: Mine.\n- Tags: #a-b #c\n'
        "> Second.\n\n^rw2\n\n- Note: \n- Tags: \n"
    )
    assert note.layout.properties == (
        Property("title", "title"),
        Property("tags", "tags"),
        Property("vaultsync_id", "id"),
    )
    holds_the_laws(note, document(title='The "1984": no #1'))


@pytest.mark.parametrize("tail", ["one", "one\n", "one\n\n", "- one\n"])
@pytest.mark.parametrize("between", ["", "\n", "\n\n", "two", " \n"])
def test_a_block_without_anchor_gets_one_on_a_line_of_its_own(tail: str, between: str) -> None:
    text = body(LOOP.format("{% highlight h %}\n" + tail + "{% endhighlight %}\n" + between) + "end")

    for anchor in ("^rw1", "^rw2"):
        before, after = text.split(anchor)
        assert before.endswith("\n\n") and not before.endswith("\n\n\n\n")
        assert re.match(r"\n[ ]?\n", after)


def test_an_anchor_in_a_link_is_not_the_blocks_own() -> None:
    text = body(LOOP.format("{% highlight h %}\n[[#{{ h.anchor }}]]\n{% endhighlight %}\n"))

    assert text == "[[#^rw1]]\n\n^rw1\n\n[[#^rw2]]\n\n^rw2\n"


def test_an_anchor_may_end_a_list_item_or_stand_in_a_quote() -> None:
    assert body(LOOP.format("{% highlight h %}\n- {{ h.text }} {{ h.anchor }}  \n{% endhighlight %}\n")) == (
        "- First. ^rw1  \n- Second. ^rw2  \n"
    )
    assert body(LOOP.format("{% highlight h %}\n{{ h.anchor | quote }}\n{% endhighlight %}\n")) == "> ^rw1\n> ^rw2\n"


def test_escaping_keeps_track_of_what_it_left_as_it_was() -> None:
    note = rendered(
        "{% filter escape %}{{ document.title }} & {{ document.author }}{% endfilter %}", document(title="<b>")
    )

    assert note.text == f"{IDENTITY}&lt;b&gt; &amp; Marcus Aurelius\n"
    assert [span.field for span in note.layout.spans] == ["author"]


def test_a_document_without_highlights_has_spans_and_no_blocks() -> None:
    note = rendered("{{ document.note }}", document(note="Mine.", highlights=()))

    assert note.text == f"{IDENTITY}Mine.\n"
    assert note.layout.blocks == ()
    assert [(span.field, note.text[span.start : span.end]) for span in note.layout.spans] == [("note", "Mine.")]


def test_deleted_highlights_are_left_out() -> None:
    gone = Highlight(id="1", block_id="rw1", text="Gone.", deleted=True)

    assert body(LOOP.format("{{ h.text }}"), document(highlights=(gone,))) == ""


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", IDENTITY),
        ("---\n---\n", IDENTITY),
        ("---\n---", '---\nvaultsync_id: "readwise:1"\n---\n'),
        ("---  \na: 1\n--- \t\nx", '---  \na: 1\nvaultsync_id: "readwise:1"\n--- \t\nx\n'),
        ("---\na: 1\n---", '---\na: 1\nvaultsync_id: "readwise:1"\n---\n'),
        ("---\na: 1\n---{% set a = 1 %}\n\nx", '---\na: 1\nvaultsync_id: "readwise:1"\n---\nx\n'),
        ("---\na: 1\n---{{ document.note }}\nx", f"{IDENTITY}---\na: 1\n---\nx\n"),
        ("----\na: 1\n---\n", f"{IDENTITY}----\na: 1\n---\n"),
        ("--- # no\na: 1\n---\n", f"{IDENTITY}--- # no\na: 1\n---\n"),
        ("\n---\na: 1\n---\n", f"{IDENTITY}\n---\na: 1\n---\n"),
        ("---\nno end", f"{IDENTITY}---\nno end\n"),
        ("{{ document.title }}\n---\n", f"{IDENTITY}Meditations\n---\n"),
        (
            "{% set t = document.title %}\n---\nt: {{ t }}\n---\n",
            '---\nt: Meditations\nvaultsync_id: "readwise:1"\n---\n',
        ),
        ("---\na: 1 # {{ document.title }}\n---\n", '---\na: 1 # Meditations\nvaultsync_id: "readwise:1"\n---\n'),
    ],
)
def test_front_matter_is_what_obsidian_takes_for_it(template: str, expected: Any) -> None:
    assert rendered(template).text == expected


def test_a_macro_may_print_whole_properties() -> None:
    macro = "{% macro common(d) %}\ntitle: {{ d.title }}\nkind: book\n{% endmacro %}\n"

    text = rendered(f"{macro}---\n{{{{ common(document) }}}}---\n", document(title="no: \nx")).text

    assert text == '---\ntitle: "no: \\nx"\nkind: book\nvaultsync_id: "readwise:1"\n---\n'


def test_text_a_template_captured_is_a_value_where_it_is_not_tracked() -> None:
    template = (
        "{% set t %}{{ document.title }}{% endset %}\n---\nt: {{ t }}\n"
        "u: {% filter upper %}{{ t }}{% endfilter %}\n\n---\n"
    )
    renderer = Renderer({"document.md": template}, captures=False)

    note = renderer.render("document.md", document(title="a: \nb: 1"), now=NOW)

    assert read_properties(note.text) == {"t": "a: \nb: 1", "u": "A: \nB: 1", "vaultsync_id": "readwise:1"}


def test_an_empty_joined_list_is_a_property_of_ours_all_the_same() -> None:
    template = "---\ntags: [{{ document.tags | join(', ') }}]\n---\n"

    full, empty = rendered(template), rendered(template, document(tags=()))

    assert full.layout.properties == empty.layout.properties == (Property("tags", ""), Property("vaultsync_id", "id"))
    assert read_properties(full.text)["tags"] == ["to-read", "y2024"]
    assert read_properties(empty.text)["tags"] == []


@pytest.mark.parametrize("number", ["\ufdd0", "\ufdd2", "\ufdd0\ufde1\ufdd1x\ufdd2", "\ufdd05\ufdd2"])
@given(text=TEXTS)
@settings(max_examples=10)
def test_no_mark_a_template_writes_itself_is_taken_for_one_of_ours(number: str, text: str) -> None:
    note = rendered(
        f"a {number} b\n{{{{ {number!r} }}}}{{{{ 'x' ~ {number!r} ~ document.title }}}}", document(title=text)
    )

    assert not re.search("[\ufdd0-\ufdef]", note.text)
    assert note.layout.spans == () or all(not span.field for span in note.layout.spans)


def test_marks_in_the_arguments_of_a_filter_are_refused() -> None:
    with pytest.raises(TemplateError, match="A character that Unicode reserves"):
        rendered("{{ document.tags | join('\ufdd1' ~ '\\ufdd1') }}")


def test_text_kept_from_an_earlier_note_finds_no_piece_of_a_later_one() -> None:
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return text

    remember = {"keep": keep, "kept": lambda _: kept[0]}
    captured = "{% set x %}{{ document.title }}{% endset %}"
    renderer = Renderer(
        {"a.md": f"{captured}{{{{ x | keep }}}}", "b.md": f"{{{{ 1 | kept }}}}{captured}{{{{ x }}}}"}, remember
    )

    renderer.render("a.md", document(), now=NOW)
    note = renderer.render("b.md", document(), now=NOW)

    assert note.text == f"{IDENTITY}MeditationsMeditations\n"
    assert [span.field for span in note.layout.spans] == ["title"]


def test_what_a_template_captured_compares_and_counts_as_its_text() -> None:
    template = (
        "{% set t %}{{ document.title }}{% endset %}{% set e %}{{ document.note }}{% endset %}\n"
        "{{ t == 'Meditations' }} {{ t != 'x' }} {{ t | length }} {{ 'dit' in t }} "
        "{{ 1 if e else 2 }} {{ {'Meditations': 3}[t] }} {{ t == t }}"
    )

    assert body(template) == "true true 11 true 2 3 true\n"


@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        ("a\n{% if %}\n", 2, "Expected an expression"),
        ("a\n{{ x }}\n", 2, "'x' is undefined"),
        ("a\n\n{{ document.x }}", 3, "a document has no field 'x'"),
        ("a\n{{ document.title | nope }}", 2, "No filter named 'nope'"),
        ("a\n{{ document.title.nope() }}", 2, "has no attribute 'nope'"),
        ("a\n{{ 1 / 0 }}", 2, "ZeroDivisionError: division by zero"),
        ("a\n{% include 'none.md' %}", 2, "there is no template 'none.md'"),
        ("a\n{% highlight document %}{% endhighlight %}", 2, "wants a highlight"),
        ("a\n{% highlight h %}{% endhighlight %}", 2, "'h' is undefined"),
        ("a\n{{ document.tags | join(attribute='x') }}", 2, "join takes no attribute"),
        ("a\n{{ document.highlights[0] }}", 2, "a highlight was printed"),
        ("{% set h = document.highlights[0] %}\n" + "{% highlight h %}{% endhighlight %}\n" * 2, 3, "is printed twice"),
        (LOOP.format("{% highlight h %}\n\n{% highlight h %}" + "{% endhighlight %}" * 2), 4, "stands inside another"),
        (LOOP.format("{% highlight h %}\n{% break %}\n{% endhighlight %}"), 2, "is not closed"),
        (LOOP.format("{% set x %}{% highlight h %}{% endhighlight %}{% endset %}\n{{ x }}{{ x }}"), 2, "printed twice"),
        (LOOP.format("\n{% highlight h %}" + "{{ h.anchor }}\n" * 2 + "{% endhighlight %}"), 3, "The anchor of"),
        (LOOP.format("\n{% highlight h %}{{ h.anchor }} text{% endhighlight %}"), 3, "does not end its line"),
        (LOOP.format("\n{% highlight h %}{{ h.anchor }}{{ h.text }}{% endhighlight %}"), 3, "does not end its line"),
        ("---\na: 1\n{% highlight document.highlights[0] %}{% endhighlight %}---\n", 3, "stands in the front matter"),
        ("{% set x = 1 %}\n---\na: 1\nb: {{ document.title }}: {{ x }}\n---\n", 4, "The front matter is not YAML"),
        ("{% set x = 1 %}\n---\na: 1\na: 2\n---\n", None, 'has the property "a" twice'),
        ("---\na: 1\nvaultsync_id: 2\n---\n", 3, "Only vaultsync writes"),
        ("---\n- a\n---\n", 2, "not a list of properties"),
        ("---\na: [\n\n---\n", 2, "not YAML"),
        ("---\na: \x07\n---\n", None, "not YAML"),
        ("---\n\t\n---\n", None, "not YAML"),
    ],
)  # fmt: skip
def test_an_error_names_the_file_and_the_line(template: str, line: int | None, message: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(message)) as caught:
        rendered(template)
    assert (caught.value.file, caught.value.line) == ("document.md", line)
    assert 'run "vaultsync templates check"' in caught.value.hint


@pytest.mark.parametrize(
    ("part", "use", "line"),
    [
        ("a\n{% if %}", "{% include 'part.md' %}", 2),
        ("a\n{{ document.x }}", "{% include 'part.md' %}", 2),
        ("{% macro m(d) %}\n\n{{ d.x }}{% endmacro %}", "{% import 'part.md' as p %}{{ p.m(document) }}", 3),
        ("{% block a %}\n{{ document.x }}{% endblock %}", "{% extends 'part.md' %}", 2),
        (LOOP.format("\n{% highlight h %}{% endhighlight %}"), "{% include 'part.md' %}" * 2, 3),
        ("---\na: 1\n{{ document.title }} {{ document.title }}\nb: 1\n---\n", "{% include 'part.md' %}", 4),
        ("---\na: 1\nb: {{ document.title }}: 1\n---\n", "{% include 'part.md' %}", 3),
    ],
)  # fmt: skip
def test_an_error_in_a_part_names_the_part(part: str, use: str, line: int) -> None:
    renderer = Renderer(
        {"document.md": use, "part.md": part}, shown={"part.md": "Templates/part.md", "document.md": "?"}
    )

    with pytest.raises(TemplateError) as caught:
        renderer.render("document.md", document(title="a: b"), now=NOW)

    assert (caught.value.file, caught.value.line) == ("Templates/part.md", line)


def test_a_template_is_compiled_without_rendering_it() -> None:
    renderer = Renderer({"a.md": "{{ x }}", "b.md": "{% if %}"})

    renderer.compile("a.md")
    with pytest.raises(TemplateError, match="b.md, line 1"):
        renderer.compile("b.md")


def test_an_error_in_the_bare_rendering_is_a_template_error_too() -> None:
    with pytest.raises(TemplateError, match="'x' is undefined"):
        Renderer({"a.md": "{{ x }}"}).plain("a.md", document(), now=NOW)


def test_a_plugins_filter_can_not_cut_a_block_in_two() -> None:
    template = LOOP.format("{% filter cut %}\n{% highlight h %}\nCUT{% endhighlight %}\n{% endfilter %}")
    renderer = Renderer({"document.md": template}, {"cut": lambda text: re.sub("(?s).*CUT", "", text)})

    with pytest.raises(TemplateError, match="document.md, line 3: The {% highlight %} block was not begun"):
        renderer.render("document.md", document(), now=NOW)


def test_a_plugins_filter_can_be_used_and_replaces_ours() -> None:
    renderer = Renderer({"a.md": "{{ 'x' | shout }}{{ 'x' | trim }}"}, {"shout": str.upper, "trim": lambda _: "mine"})

    assert renderer.render("a.md", document(), now=NOW).text == f"{IDENTITY}Xmine\n"


def path(pattern: str, **fields: Any) -> str:
    return PathRenderer(pattern, {"shout": lambda text: str(text).upper()}).path(document(**fields), now=NOW)


@pytest.mark.parametrize(
    ("pattern", "fields", "expected"),
    [
        (
            "Readwise/{{ document.category }}/{{ document.title }}.md",
            {"category": "books"},
            "Readwise/books/Meditations.md",
        ),
        ("R/{{ document.title }}", {"title": "AC/DC: Live?"}, "R/AC-DC - Live.md"),
        ("{{ document.title }}/{{ document.author }}", {"title": "../..", "author": ""}, "-/Unknown.md"),
        ("{{ document.title | trim }} {{ document.title | shout }}", {"title": " a/b "}, "a-b A-B.md"),
        ("{% set x %}{{ document.title }}/{% endset %}{{ x }}n", {"title": "a/b"}, "a-b-n.md"),
        ("{{ now.year }}/{{ document.published }}", {"published": date(2020, 1, 2)}, "2024/2020-01-02.md"),
        ("{{ document.tags | join('/') }}", {}, "to read-2024.md"),
        ("a{{ document.nothing }}", {}, None),
    ],
)
def test_values_become_names_before_they_are_joined_to_a_path(
    pattern: str, fields: dict[str, Any], expected: Any
) -> None:
    if expected is None:
        with pytest.raises(TemplateError, match=r"vaultsync\.toml: path, line 1: a document has no field 'nothing'"):
            path(pattern, **fields)
    else:
        assert path(pattern, **fields) == expected


@given(title=TEXTS)
@settings(max_examples=30)
def test_no_title_adds_a_folder_or_leaves_the_one_it_is_in(title: str) -> None:
    made = path("Notes/{{ document.title }}.md", title=title)

    assert made.count("/") == 1 and made.startswith("Notes/") and made.endswith(".md")
    assert join_path(made) == made


def test_a_list_in_text_reads_as_a_list() -> None:
    now = datetime(2024, 5, 1, tzinfo=UTC)

    assert body("{{ [1, none, true, 'x'] }} {{ now }} {{ now.date() }} {{ document.tags | map('trim') }}") == (
        "1, , true, x 2024-05-01T12:30:09 2024-05-01 to read, 2024\n"
    )
    assert plain_text(now) == "2024-05-01T00:00:00"
    assert plain_text(iter([1, 2])) == "1, 2"
