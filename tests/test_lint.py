"""What can be edited in the notes of a template: found by trying, told with reason and cure, kept from run to run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.lens_case import SHAPES
from tests.render_case import NOW
from vaultsync.lint import cache as lintcache
from vaultsync.lint import reasons as why
from vaultsync.lint.writable import SPLIT, Lint, Verdict, lint
from vaultsync.model import Document
from vaultsync.rendering.render import Rendered, Renderer
from vaultsync.rendering.templates import Templates, check, load, ready

ANCHOR = "{{ h.text | quote }}\n\n{{ h.anchor }}\n\n"
ADJACENT = "nothing stands between it and the value beside it"
SIDES = "it and what stands beside it can be read in more than one way"


def loop(block: str) -> str:
    return "{% for h in document.highlights %}\n{% highlight h %}\n" + block + "\n\n{% endhighlight %}\n{% endfor %}\n"


def linted(template: str) -> Lint:
    (found,) = check(Templates({"document.md": template}, {}, {}, "T"), {})
    report = found.lint()
    assert report is not None, found.error
    return report


def reasons(found: Lint) -> dict[str, str]:
    """Why each field is read-only; "writable" if it is not."""
    return {
        f"{one.owner}.{one.field}": "writable" if one.writable else one.reason
        for one in found.verdicts
        if (one.owner, one.field) != ("highlight", "text")
    }


# --- what is writable -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_what_templates_of_all_shapes_print_with_words_around_it_is_writable(shape: str) -> None:
    renderer = Renderer({"document.md": SHAPES[shape]})

    found = lint(lambda document: renderer.render("document.md", document, now=NOW), "books")

    assert [one for one in found.verdicts if not one.writable] == []
    assert found.writable("", "note") and found.writable("1", "note") and found.writable("1", "tags")
    assert found.warnings == ()


@pytest.mark.parametrize(
    "name",
    ["default", "callouts", "minimal"],
)
def test_note_tags_and_text_of_highlights_are_writable_in_every_shipped_set(tmp_path: Path, name: str) -> None:
    (template,) = [one for one in check(load(tmp_path, name), {}) if one.name == "document.md"]

    found = template.lint()

    assert found is not None and found.warnings == ()
    assert [field for field in ("text", "note", "tags") if not found.writable("1", field)] == []
    assert found.writable("", "note") and found.writable("", "tags")


def test_what_a_list_with_labels_prints_is_writable() -> None:
    found = linted(loop(ANCHOR + "- Note: {{ h.note | indent }}\n- Tags: {{ h.tags | hashtags }}"))

    assert found == Lint(tuple(Verdict("highlight", name, True) for name in ("text", "note", "tags")))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{{ document.note }}{{ document.author }}", dict.fromkeys(("author", "note"), ADJACENT)),
        ("- {{ document.note }}, {{ document.location }}", {"note": SIDES, "location": SIDES}),
        (
            "- {{ document.note }} / {{ document.tags | hashtags }} / {{ document.location }}",
            dict.fromkeys(("note", "tags", "location"), SIDES),
        ),
        (
            "| {{ document.note | cell }} | {{ document.location | cell }} |",
            dict.fromkeys(("note", "location"), "writable"),
        ),
        (
            "- {% for tag in document.tags %}#{{ tag }} {% endfor %}.",
            {"tags": "tags printed one by one can't be read back"},
        ),
        ("- {{ document.tags | join(' ') }}.", {"tags": "what stands between the tags occurs in tags too"}),
        ("- {{ document.tags | join('') }}.", {"tags": why.TRANSFORMED}),
        ("- {% if document.note %}annotated{% endif %}.", {}),
    ],
)
def test_a_field_that_can_not_be_read_back_is_read_only_and_says_why(line: str, expected: dict[str, str]) -> None:
    found = reasons(linted(f"{line}\n"))

    assert {name.partition(".")[2]: reason for name, reason in found.items()} == expected


def test_what_is_not_printed_as_itself_is_read_only() -> None:
    found = reasons(
        linted(
            "- {{ document.note | upper }}\n- {% filter upper %}{{ document.author }}{% endfilter %}.\n"
            "- {{ document.summary[:80] }}\n- {{ {'new': 1}.get(document.location, 2) }}\n"
            "- {{ 'From: ' ~ document.url }}\n- {{ document.cover | callout }}\n"
        )
    )

    assert found == {
        **{f"document.{name}": why.TRANSFORMED for name in ("note", "author", "summary", "location")},
        **{f"document.{name}": why.PART for name in ("url", "cover")},
    }


def test_fields_of_highlights_are_judged_like_those_of_documents() -> None:
    found = reasons(
        linted(loop(ANCHOR + "- {{ h.note }}, {{ h.color }}\n- {{ h.url | upper }}\n- {{ document.author }}"))
    )

    assert found == {
        "document.author": "it is the document's, and stands in a highlight's block",
        "highlight.note": SIDES,
        "highlight.color": SIDES,
        "highlight.url": why.TRANSFORMED,
    }
    assert reasons(linted(loop(ANCHOR + "{{ h.note }}{{ h.color }}"))) == dict.fromkeys(
        ("highlight.note", "highlight.color"), ADJACENT
    )


def test_what_stands_outside_its_block_is_read_only() -> None:
    found = reasons(
        linted(f"{loop(ANCHOR)}\n{{{{ document.note }}}}\n\nby {{{{ document.highlights[-1:] | length }}}}\n")
    )

    assert found == {"document.note": why.OUTSIDE}
    assert reasons(linted("{% for h in document.highlights %}\n- {{ h.note }}\n{% endfor %}\n")) == {
        "highlight.note": "it stands outside the block of its highlight"
    }


def test_blocks_that_share_a_line_are_read_only() -> None:
    block = "{% highlight h %}{{ h.note }} {{ h.anchor }}\n- {{ h.color }}{% endhighlight %}"

    found = linted("{% for h in document.highlights %}" + block + "{% endfor %}")

    assert reasons(found)["highlight.note"] == why.SHARED


@pytest.mark.parametrize("heading", ["# {{ document.title }}\n", "# {{ document.title | upper }}\n"])
def test_a_title_can_be_edited_as_a_property_only(heading: str) -> None:
    assert linted(heading).verdicts == (
        Verdict(
            "document",
            "title",
            False,
            "a title in the text is its user's own",
            "Print it as a property: title: {{ document.title }}.",
        ),
    )
    assert linted(f"---\ntitle: {{{{ document.title }}}}\n---\n{heading}").writable("", "title")


def test_a_property_that_holds_more_than_the_value_is_read_only() -> None:
    found = linted(
        "---\ncite: {{ document.author }}, {{ document.category }}\ntags: [mine, {{ document.tags | join(', ') }}]\n"
        "'my tags': {{ document.tags | hashtags }}\nnote: \"{{ document.note }}\"\n---\n"
    )

    assert reasons(found) == {
        "document.author": why.PART,
        "document.category": why.PART,
        "document.note": "writable",
        "document.tags": "writable",
    }


def test_a_date_is_writable_as_a_property_of_its_own() -> None:
    assert linted("---\npublished: {{ document.published }}\n---\n").verdicts == (
        Verdict("document", "published", True),
    )
    assert linted("---\nday: {{ document.published | date }}\n---\n").verdicts == (
        Verdict("document", "published", True),
    )
    assert linted("In {{ document.published }}.\n").verdicts == (
        Verdict(
            "document",
            "published",
            False,
            "it is a date, and no property of its own",
            "Print it as one: published: {{ document.published }}.",
        ),
    )


def test_a_truth_value_is_writable_as_a_property_of_its_own() -> None:
    found = linted(
        "---\nunread: {{ document.extra.unread }}\nmore: {shared: {{ document.extra.shared }}}\n"
        'archived: "{{ document.extra.is_archived }}"\n---\n{% if document.extra.unread %}\nUnread.\n{% endif %}\n'
    )

    assert found.verdicts == (
        Verdict("document", "extra.unread", True),
        Verdict(
            "document",
            "extra.shared",
            False,
            "it is true or false, and no property of its own",
            "Print it as one: shared: {{ document.extra.shared }}.",
        ),
        Verdict(
            "document",
            "extra.is_archived",
            False,
            "it is true or false, and no property of its own",
            "Print it as one: is_archived: {{ document.extra.is_archived }}.",
        ),
    )


def test_properties_in_front_matter_of_another_language_are_read_only() -> None:
    found = linted("---\nmine: !special 1\nauthor: {{ document.author }}\n---\n")

    assert reasons(found) == {"document.author": why.MISSED}


def test_a_template_that_looks_at_what_it_captured_has_nothing_to_edit_there() -> None:
    found = linted(
        "{% set x %}{{ document.note }}{% endset %}{{ x }} {{ x | tojson }}\n\n- By: {{ document.author }}\n"
    )

    assert reasons(found) == {"document.author": "writable", "document.note": why.PART}


def test_what_is_no_field_to_edit_is_not_told() -> None:
    assert linted(
        "{{ document.id }} {{ document.service_url }} {{ document.word_count }}\n" + loop("{{ h.id }}")
    ) == Lint(())


def test_documents_a_template_fails_on_are_left_out() -> None:
    def renders_all_but_the_empty(document: Document) -> Rendered:
        return renderer.render("document.md", document, now=NOW)

    renderer = Renderer(
        {"document.md": "{{ document.highlights[0].favorite }}\n\n- Note: {{ document.note | indent }}\n"}
    )

    assert reasons(lint(renders_all_but_the_empty, "books")) == {"document.note": "writable"}


def test_the_same_template_is_judged_the_same_each_time() -> None:
    template = "{{ document.note }}, {{ document.author }}\n"

    assert linted(template) == linted(template)


def test_a_field_that_does_not_count_says_why() -> None:
    found = linted("- {{ document.summary | upper }}\n- Note: {{ document.note | indent }}\n")

    assert [found.why_read_only("", name) for name in ("note", "author", "summary")] == [
        "",
        "The template does not print it so that it can be edited.",
        "In this template it is read-only: it is printed through something that can't be undone. "
        "Print it as it is, {{ document.summary }}, or through quote, indent, trim, default or cell.",
    ]


# --- remarks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "remark"),
    [
        ("{% if h.note %}\n- Note: {{ h.note | indent }}\n{% endif %}", why.NO_PLACE),
        ("- Note: {{ h.note }}", why.NOT_WHILE_LONG),
        ("- {{ h.note | indent }}", why.NOT_WHILE_LISTED),
        ("{{ h.note }}", f"{why.NOT_BEGUN} {why.NOT_WHILE_LONG}"),
    ],
)
def test_what_is_writable_with_an_exception_says_so(block: str, remark: str) -> None:
    (found,) = [one for one in linted(loop(ANCHOR + block)).verdicts if one.field == "note"]

    assert found == Verdict("highlight", "note", True, remark=remark)


def test_a_field_that_is_read_only_in_one_of_its_places_says_so() -> None:
    both = linted("---\nauthor: {{ document.author }}\n---\n- {{ document.author }}{{ document.url }}\n")
    text = linted("---\nby: {{ document.author }}\n---\n- {{ document.author }}{{ document.url }}\n")

    assert both.verdicts[0].remark == text.verdicts[0].remark
    assert both.verdicts[0].remark == (
        "Only as a property: in the text nothing stands between it and the value beside it."
    )
    assert why.only("text", "it is shy") == "Only in the text: as a property it is shy."


def test_a_read_only_field_says_how_to_mend_it() -> None:
    (found,) = linted("- {{ document.summary | upper }}\n").verdicts

    assert found == Verdict(
        "document",
        "summary",
        False,
        "it is printed through something that can't be undone",
        "Print it as it is, {{ document.summary }}, or through quote, indent, trim, default or cell.",
    )


# --- lists that anchors split -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "warnings"),
    [
        ("- {{ h.text | quote | indent }}", (SPLIT,)),
        ("- {{ h.text | quote | indent }}\n  - Note: {{ h.note | indent(4) }}", (SPLIT,)),
        ("1. {{ h.text | quote | indent }}\n\n{{ h.anchor }}", (SPLIT,)),
        ("- {{ h.text | quote | indent }}\n\n  {{ h.anchor }}", ()),
        ("- {{ h.color }} {{ h.anchor }}", ()),
        ("{{ h.text | quote }}\n\n- Note: {{ h.note | indent }}", ()),
        ("{{ h.text | quote }}", ()),
    ],
)
def test_an_anchor_that_would_split_a_list_is_warned_of(block: str, warnings: tuple[str, ...]) -> None:
    assert linted(loop(block).replace("\n\n{% endh", "\n{% endh")).warnings == warnings


# --- kept from run to run ---------------------------------------------------------------------------------------------

FOUND = Lint((Verdict("highlight", "note", True), Verdict("document", "title", False, "it is", "Do.")), ("Mind.",))


def must_not_happen() -> Lint:
    raise AssertionError("it was kept already")


def test_what_was_found_is_kept(tmp_path: Path) -> None:
    assert lintcache.linted(tmp_path, ("print", "books"), lambda: FOUND) == FOUND

    assert lintcache.linted(tmp_path, ("print", "books"), must_not_happen) == FOUND
    assert lintcache.linted(tmp_path, ("print", "tweets"), lambda: Lint(())) == Lint(())
    assert {path.suffix for path in (tmp_path / "lint").iterdir()} == {".json"}


@pytest.mark.parametrize(
    "damage", [b"", b"\xff", b"{}", b'{"key": 1}', b'{"key": "another", "lint": {"verdicts": []}}']
)
def test_a_damaged_or_foreign_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    lintcache.linted(tmp_path, ("print",), lambda: FOUND)
    (file,) = (tmp_path / "lint").iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage)

    assert lintcache.linted(tmp_path, ("print",), lambda: FOUND) == FOUND
    assert file.read_bytes() == whole


def test_what_an_older_lint_found_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lintcache.linted(tmp_path, ("print",), lambda: Lint(()))

    monkeypatch.setattr("vaultsync.lint.cache.VERSION", 99)

    assert lintcache.linted(tmp_path, ("print",), lambda: FOUND) == FOUND


def test_only_the_last_fifty_are_kept(tmp_path: Path) -> None:
    for number in range(53):
        lintcache.linted(tmp_path, (str(number),), lambda: FOUND)
        newest = max((tmp_path / "lint").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, ns=(number, number))

    assert len(list((tmp_path / "lint").iterdir())) == 50
    lintcache.linted(tmp_path, ("52",), must_not_happen)


def test_where_nothing_can_be_kept_it_is_found_each_time(tmp_path: Path) -> None:
    (tmp_path / "lint").write_text("in the way")

    assert lintcache.linted(tmp_path, ("print",), lambda: FOUND) == FOUND
    assert (tmp_path / "lint").read_text() == "in the way"


def test_templates_are_tried_once_for_each_category(tmp_path: Path) -> None:
    own = Templates({"document.md": "- Note: {{ document.note | indent }}\n"}, {}, {}, "T")

    first = ready(own, {}).lint("books", tmp_path)
    (file,) = (tmp_path / "lint").iterdir()
    kept = json.loads(file.read_bytes())
    file.write_text(json.dumps(kept | {"lint": {"verdicts": [], "warnings": ["kept"]}}))
    again = ready(own, {})

    assert reasons(first) == {"document.note": "writable"}
    assert again.lint("books", tmp_path) == again.lint("books", tmp_path) == Lint((), ("kept",))
    assert ready(own, {}).lint("tweets", tmp_path) == first
