"""Merging a note: what golden directories are too large for."""

from __future__ import annotations

import msgspec
import pytest

from tests.merge_case import changed, document, highlight, merged, rendered, template, with_highlights
from vaultsync.merging.conflicts import found

BASE = document(
    highlight(1, "First.", note="Old note.", tags=("a",)), highlight(2, "Second."), highlight(3, "Third."), note="Old."
)
QUOTE = template("quote")
NOTE = rendered(BASE, QUOTE).text
TWICE = """{% for h in document.highlights %}
{% highlight h %}
> {{ h.text }}

{{ h.anchor }}

first: {{ h.note }}
then: {{ h.note }}
{% endhighlight %}

{% endfor %}
"""
CHAPTERS = """# T
{% for h in document.highlights %}

{% if h.color %}
## {{ h.color }}

{% endif %}
{% highlight h %}
> {{ h.text }}

{{ h.anchor }}
{% endhighlight %}
{% endfor %}
"""
TABLE = """| Text | Note |
| --- | --- |
{% for h in document.highlights %}
{% highlight h %}
| {{ h.text | cell }} | {{ h.note | cell }} | {{ h.anchor }}
{% endhighlight %}
{% endfor %}
"""


def solid(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def test_typed_text_of_a_highlight_that_is_gone_stays_and_is_marked_once() -> None:
    ours = NOTE.replace("Old note.", "Mine.")
    theirs = with_highlights(BASE, BASE.highlights[1:])
    once = merged(BASE, ours, theirs)
    assert once.kept == ("1",)
    assert "- Note: Mine." in once.text
    again = merged(BASE, once.text, theirs)
    assert again.text == once.text


def test_a_highlight_that_comes_back_finds_its_block_and_loses_its_mark() -> None:
    kept = merged(
        BASE, NOTE.replace("Old note.", "Old note.\n\nMy prose.\n"), with_highlights(BASE, BASE.highlights[1:])
    )
    gone = with_highlights(BASE, BASE.highlights[1:])
    back = merged(gone, kept.text, BASE)
    assert "vaultsync-deleted" not in back.text
    assert back.text.count("\n^rw1\n") == 1


def test_a_block_nobody_knew_is_told_of_if_it_differs_and_left_if_not() -> None:
    gone = with_highlights(BASE, BASE.highlights[1:])
    assert merged(gone, NOTE, BASE).conflicts == 0
    told = merged(gone, NOTE.replace("> First.", "> First, by me."), BASE)
    assert [(one.field, one.block_id) for one in found(told.text)] == [("lines", "rw1")]
    assert told.text.count("> First, by me.\n\n^rw1\n\n> [!vaultsync-conflict] lines [[#^rw1]]\n> > First.") == 1


def test_a_conflict_in_a_block_that_is_not_in_the_note_is_not_told() -> None:
    start, end = NOTE.index("> First."), NOTE.index("> Second.")
    result = merged(BASE, NOTE[:start] + NOTE[end:], changed(BASE, 1, note="Theirs."))
    assert (result.text, result.conflicts) == (NOTE[:start] + NOTE[end:], 0)


def test_a_field_of_the_properties_both_changed_is_told_by_its_property() -> None:
    ours = NOTE.replace("author: Marcus Aurelius", "author: Me")
    result = merged(BASE, ours, msgspec.structs.replace(BASE, author="Them"))
    assert "author: Me" in result.text
    assert [(one.field, one.theirs) for one in found(result.text)] == [("property author", "Them")]


def test_a_property_that_is_no_field_is_told_of_as_well() -> None:
    shape = QUOTE.replace("author: {{ document.author }}", "by: {{ document.author | upper }}")
    ours = rendered(BASE, shape).text.replace("by: MARCUS AURELIUS", "by: him")
    result = merged(BASE, ours, msgspec.structs.replace(BASE, author="Them"), shape)
    assert "by: him\n" in result.text
    assert [(one.field, one.theirs) for one in found(result.text)] == [("property by", "THEM")]


def test_a_field_printed_twice_is_brought_up_to_what_was_typed_in_one_place() -> None:
    note = rendered(BASE, TWICE).text
    ours = note.replace("then: Old note.", "then: Mine.")
    result = merged(BASE, ours, changed(BASE, 2, text="Second, mended."), TWICE)
    assert solid(result.text)[3:8] == ["> First.", "^rw1", "first: Mine.", "then: Mine.", "> Second, mended."]


def test_a_line_whose_label_was_rewritten_is_told_when_its_value_changes() -> None:
    ours = NOTE.replace("- Note: Old note.", "- My remark: Old note.")
    result = merged(BASE, ours, changed(BASE, 1, note="Theirs."))
    assert "- My remark: Old note." in result.text
    assert "Theirs." in found(result.text)[0].theirs


def test_a_value_the_new_template_prints_no_more_stays_where_it_was_typed() -> None:
    ours = NOTE.replace("- Note: Old note.", "- Note: Mine.")
    result = merged(BASE, ours, BASE, QUOTE, QUOTE.replace("- Note: {{ h.note | indent }}\n", ""))
    assert "- Note: Mine." in result.text
    assert "- Note: \n- Tags" not in result.text


def test_a_value_typed_before_a_template_changed_is_printed_by_the_new_one() -> None:
    new = QUOTE.replace("- Note: {{ h.note | indent }}", "Remark: {{ h.note }}")
    result = merged(BASE, NOTE.replace("Old note.", "Mine.") + "\nprose\n", BASE, QUOTE, new)
    assert "Remark: Mine.\n" in result.text
    assert "- Note: Mine." not in result.text


def test_a_new_highlight_brings_the_heading_the_template_prints_above_it() -> None:
    base = document(highlight(1, "First.", color="One"), highlight(2, "Second.", color="Two"))
    ours = rendered(base, CHAPTERS).text.replace("^rw1\n", "^rw1\n\nMy prose.\n")
    new = (
        base.highlights[0],
        highlight(5, "A."),
        base.highlights[1],
        highlight(6, "B.", color="Three"),
        highlight(7, "C."),
    )
    result = merged(base, ours, with_highlights(base, new), CHAPTERS)
    assert solid(result.text)[3:] == [
        "# T", "## One", "> First.", "^rw1", "My prose.", "> A.", "^rw5",
        "## Two", "> Second.", "^rw2", "## Three", "> B.", "^rw6", "> C.", "^rw7",
    ]  # fmt: skip
    assert "\n\n\n" not in result.text


def test_a_heading_between_blocks_that_both_sides_leave_in_place_is_merged() -> None:
    base = document(highlight(1, "First."), highlight(2, "Second.", color="Two"))
    ours = rendered(base, CHAPTERS).text.replace("^rw1\n", "^rw1\n\nMy prose.\n")
    result = merged(base, ours, changed(base, 2, color="2"), CHAPTERS)
    assert solid(result.text)[3:] == ["# T", "> First.", "^rw1", "My prose.", "## 2", "> Second.", "^rw2"]


def test_a_heading_in_someones_code_ends_no_section() -> None:
    ours = NOTE + "\n```sh\n# not a heading\n```\n\n~~~\nnever closed\n"
    result = merged(BASE, ours, with_highlights(BASE, (*BASE.highlights, highlight(4, "Fourth."))))
    assert result.text.startswith(ours)
    assert result.text.endswith("\n\n> Fourth.\n\n^rw4\n\n- Note: \n- Tags: \n- [Location 4](https://example.org/4)\n")


def test_a_callout_comes_behind_a_table_and_not_into_it() -> None:
    ours = rendered(BASE, TABLE).text.replace("Old note.", "Mine.")
    result = merged(BASE, ours, changed(BASE, 1, note="Theirs."), TABLE)
    assert solid(result.text)[-3:] == [
        "| Third. |  | ^rw3", "> [!vaultsync-conflict] note [[#^rw1]]", "> Theirs."
    ]  # fmt: skip


def test_text_after_the_last_block_both_changed_is_told_at_the_end() -> None:
    base = msgspec.structs.replace(BASE, content="One.")
    shape = template("callout")
    ours = rendered(base, shape).text.replace(
        "> [!note]- Full text\n>\n> One.", "> [!note]- Full text\n>\n> Mine.\n> More."
    )
    theirs = msgspec.structs.replace(base, content="Theirs.")
    refused = merged(base, ours.replace("> [!note]- Full text", "> [!note]- Text"), theirs, shape)
    assert [one.field for one in found(refused.text)] == ["ending"]
    assert "> Theirs." in found(refused.text)[0].theirs


def test_a_text_after_the_last_block_stays_apart_when_all_highlights_are_gone() -> None:
    base = msgspec.structs.replace(BASE, content="One.")
    shape = template("callout")
    ours = rendered(base, shape).text + "\nMine.\n"
    result = merged(base, ours, msgspec.structs.replace(base, highlights=()), shape)
    assert solid(result.text)[-5:] == ["# Meditations", "> [!note]- Full text", ">", "> One.", "Mine."]


def test_lines_of_the_documents_own_block_are_told_above_the_heading() -> None:
    shape = QUOTE.replace("- Note: {{ document.note | indent }}", "by {{ document.author | upper }}")
    ours = rendered(BASE, shape).text.replace("by MARCUS AURELIUS", "by him")
    result = merged(BASE, ours, msgspec.structs.replace(BASE, author="Them"), shape)
    assert "by him\n\n> [!vaultsync-conflict] lines\n> by THEM\n\n## Highlights\n" in result.text


def test_the_first_block_comes_to_the_end_where_none_is_left() -> None:
    ours = NOTE[: NOTE.index("> First.")] + "My own.\n"
    result = merged(BASE, ours, with_highlights(BASE, (*BASE.highlights, highlight(4, "Fourth."))))
    assert result.text.startswith(ours + "\n> Fourth.\n")


def test_a_note_that_was_emptied_stays_empty_but_for_what_is_new() -> None:
    theirs = with_highlights(BASE, (*BASE.highlights, highlight(4, "Fourth.")))
    assert merged(BASE, "", changed(BASE, 1, note="x")).text == '---\nvaultsync_id: "readwise:1"\n---\n'
    assert "> Fourth." in merged(BASE, "", theirs).text


@pytest.mark.parametrize("name", ["quote", "callout", "item"])
def test_a_hundred_changes_arrive_under_prose_everywhere(name: str) -> None:
    shape = template(name)
    base = document(*(highlight(number, f"Text {number}.") for number in range(1, 101)))
    ours = "".join(
        line + ("\nMine.\n\n" if line.rstrip().endswith(f"^rw{number}") else "")
        for number, line in enumerate(rendered(base, shape).text.splitlines(keepends=True))
    )
    theirs = with_highlights(base, [msgspec.structs.replace(one, text=f"New {one.id}.") for one in base.highlights])
    result = merged(base, ours, theirs, shape)
    assert result.conflicts == 0
    assert all(f"New {one.id}." in result.text for one in base.highlights)


@pytest.mark.parametrize("mine", ["- Note: \n", "My own words.\n", "## Highlights of mine\n\n- Note: \n"])
def test_the_first_highlights_come_as_blocks_whatever_stands_where_they_go(mine: str) -> None:
    theirs = document()
    base = msgspec.structs.replace(theirs, highlights=())
    shape = template("quote")
    ours = rendered(base, shape).text.replace("- Note: \n\n## Highlights\n", f"## Highlights\n\n{mine}")
    result = merged(base, ours, theirs, shape)
    assert result.conflicts == 0 and mine in result.text
    blocks = rendered(theirs, shape).text.partition("## Highlights\n")[2]
    assert result.text.endswith(f"\n{blocks.strip()}\n")
