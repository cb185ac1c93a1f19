from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests import edits
from tests.lens_case import SHAPES, note_of, rendered_by, said, value_of
from tests.render_case import DOCUMENTS, NOW, TEXTS, document
from vaultsync.lens import get as lens
from vaultsync.lens import inverse as inverses
from vaultsync.lens.inverse import Value, normal
from vaultsync.lens.reading import Reading, Region
from vaultsync.model import Document, Highlight
from vaultsync.rendering.render import Renderer
from vaultsync.rendering.specimen import specimens
from vaultsync.rendering.tracked import Steps
from vaultsync.tags import local_tag

LOOP = "{% for h in document.highlights %}\n{% highlight h %}\n"
END = "{% endhighlight %}\n{% endfor %}\n"
QUOTE = "{{ h.text | quote }}\n\n{{ h.anchor }}\n\n"
LABELS = "- Note: {{ h.note | indent }}\n- Tags: {{ h.tags | hashtags }}\n\n"
LIST = "# {{ document.title }}\n\n- Note: {{ document.note | indent }}\n\n" + LOOP + QUOTE + LABELS + END
ITEMS = LOOP + "- {{ h.text }} {{ h.anchor }}\n  - Note: {{ h.note }}\n" + END


def in_block(text: str) -> str:
    """A template whose blocks hold the text after the passage."""
    return LOOP + QUOTE + text + "\n\n" + END


def one(**fields: object) -> Document:
    """A document with one highlight."""
    return document(highlights=(Highlight(id="1", block_id="rw1", **{"text": "First.", "note": "Mine.", **fields}),))  # type: ignore[arg-type]


def refused(reading: Reading) -> list[tuple[str, str]]:
    """The fields that were refused."""
    return [(refusal.owner, refusal.field) for refusal in reading.refusals]


# --- the cases and their rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["So mine.", "Mine. So it is.", "M"])
def test_what_is_typed_at_the_edge_of_a_value_belongs_to_it(typed: str) -> None:
    assert said(LIST, one(), ("Mine.", typed)).values["1", "note"] == typed


def test_a_line_below_a_value_that_is_not_marked_as_its_own_is_user_text() -> None:
    reading = said(in_block("note:: {{ h.note }}"), one(), ("Mine.", "Mine.\nMore of mine."))
    assert reading.values["1", "note"] == "Mine."
    assert not reading.refusals


def test_lines_that_carry_the_mark_of_a_value_are_part_of_it() -> None:
    reading = said(LIST, one(), ("Mine.", "Mine.\n\n  - a list\n\t- in it"), ("> First.", "> First.\n>\n> Second."))
    assert reading.values["1", "note"] == "Mine.\n\n- a list\n- in it"
    assert reading.values["1", "text"] == "First.\n\nSecond."


def test_a_line_end_between_delimiters_is_part_of_the_value_if_there_is_no_other_way_to_read_it() -> None:
    reading = said(in_block("(note: {{ h.note }})"), one(), ("Mine.", "Mine\nand thine."))
    assert reading.values["1", "note"] == "Mine\nand thine."


def test_a_changed_value_that_seems_to_go_on_in_an_unmarked_line_is_refused() -> None:
    assert refused(said(LIST, one(), ("Mine.", "Mine\nand thine."))) == [("1", "note")]


def test_the_second_half_of_a_value_split_by_enter_is_not_thrown_away() -> None:
    assert refused(said(LIST, one(note="mine and thine"), ("mine and thine", "mine\n- and thine"))) == [("1", "note")]


@pytest.mark.parametrize("label", ["- Note: ", "- Note:"])
def test_text_typed_into_an_empty_place_is_the_value(label: str) -> None:
    assert said(LIST, one(note=""), ("- Note: \n- Tags", f"{label}New.\n- Tags")).values["1", "note"] == "New."


@pytest.mark.parametrize("left", ["- Note: ", "- Note:"])
def test_a_place_that_was_emptied_clears_the_value(left: str) -> None:
    assert said(LIST, one(), ("- Note: Mine.", left)).values["1", "note"] == ""


def test_values_with_nothing_between_them_are_read_only() -> None:
    template = in_block("{{ h.note }}{{ h.color }}")
    reading = said(template, one(color="red"), ("Mine.red", "Thine.red"))
    assert refused(reading) == [("1", "note"), ("1", "color")]
    assert ("1", "note") not in said(template, one(color="red")).values


def test_a_delimiter_typed_into_a_value_makes_two_readings_so_both_values_are_refused() -> None:
    reading = said(in_block("{{ h.note }}, {{ h.color }}"), one(color="red"), ("Mine., red", "Mine., dark, red"))
    assert refused(reading) == [("1", "note"), ("1", "color")]


def test_a_value_found_as_it_was_settles_where_the_other_one_begins() -> None:
    reading = said(in_block("{{ h.note }}, {{ h.color }}"), one(note="a, b", color="red"), ("a, b, red", "a, b, blue"))
    assert (reading.values["1", "note"], reading.values["1", "color"]) == ("a, b", "blue")


TWO = in_block("- Note: {{ h.note }}\n- Again: {{ h.note }}")


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ([("Note: Mine.", "Note: New.")], "New."),
        ([("Again: Mine.", "Again: New.")], "New."),
        ([("Note: Mine.", "Note: New."), ("Again: Mine.", "Again: New.")], "New."),
        ([("Note: Mine.", "Note: New."), ("Again: Mine.", "Again: Other.")], None),
    ],
)
def test_of_a_field_in_several_places_the_changed_one_counts_and_two_that_differ_are_refused(
    changes: list[tuple[str, str]], value: str | None
) -> None:
    assert said(TWO, one(), *changes).values.get(("1", "note")) == value


def test_a_branch_that_printed_nothing_is_no_place_to_write() -> None:
    template = in_block("{% if h.note %}- Note: {{ h.note }}{% endif %}")
    reading = said(template, one(note=""), ("^rw1\n", "^rw1\n\n- Note: typed\n"))
    assert ("1", "note") not in reading.values
    assert not reading.refusals


def test_a_value_whose_change_alters_the_template_around_it_is_read() -> None:
    template = in_block("{% if h.note == 'Mine.' %}- My note: {{ h.note }}{% endif %}")
    assert said(template, one(), ("Mine.", "New.")).values["1", "note"] == "New."


def test_a_moved_block_is_read_where_it_stands() -> None:
    base = rendered_by(LIST, document())
    first, second = base.layout.blocks
    ours = base.text[: first.start] + base.text[second.start :] + "My text.\n\n" + base.text[first.start : first.end]
    ours = ours.replace("Mine.", "Moved.")
    reading = lens.read(base.text, base.layout, ours, document())
    assert reading.values["1", "note"] == "Moved."
    assert reading.values["2", "text"] == "Second."
    assert reading.regions["2"].start < reading.regions["1"].start


def _copied(change: tuple[str, str]) -> Reading:
    base = rendered_by(LIST, one())
    block = base.layout.blocks[0]
    copy = base.text[block.start : block.end].replace(*change)
    return lens.read(base.text, base.layout, base.text + "\n" + copy, one())


def test_a_copy_of_a_block_that_is_the_same_is_ignored() -> None:
    reading = _copied(("", ""))
    assert reading.copies == ("1",)
    assert reading.values["1", "note"] == "Mine."
    assert not reading.refusals


def test_a_copy_of_a_block_that_differs_stops_the_field_from_being_read() -> None:
    reading = _copied(("Mine.", "Other."))
    assert refused(reading) == [("1", "note")]
    assert reading.values["1", "text"] == "First."


def test_a_block_that_lost_its_anchor_is_found_by_its_text() -> None:
    base = rendered_by(LIST, document())
    ours = base.text.replace("^rw1\n", "\n").replace("Mine.", "Mine!")
    reading = lens.read(base.text, base.layout, ours, document())
    region = reading.orphans["1"]
    assert ours[region.start : region.end].startswith("> First.\n")
    assert "Mine!" in ours[region.start : region.end]
    assert ("1", "note") not in reading.values
    assert reading.absent == ()


def test_a_block_that_lost_its_anchor_and_changed_is_absent() -> None:
    reading = said(LIST, document(), ("^rw1\n", "\n"), ("> First.", "> All new words here."))
    assert reading.absent == ("1",)
    assert not reading.orphans


def test_a_deleted_block_is_absent_and_clears_nothing() -> None:
    base = rendered_by(LIST, document())
    block = base.layout.blocks[0]
    ours = base.text[: block.start] + base.text[block.end :]
    reading = lens.read(base.text, base.layout, ours, document())
    assert reading.absent == ("1",)
    assert not [key for key in reading.values if key[0] == "1"]
    assert not reading.refusals


def test_a_deleted_line_clears_nothing() -> None:
    reading = said(LIST, one(), ("- Note: Mine.\n", ""))
    assert refused(reading) == [("1", "note")]


def test_text_behind_an_anchor_leaves_the_block_readable_and_is_told() -> None:
    reading = said(ITEMS, one(), ("^rw1", "^rw1 my remark"), ("Mine.", "New."))
    assert reading.trailed == ("1",)
    assert reading.values["1", "note"] == "New."
    assert reading.values["1", "text"] == "First."


@pytest.mark.parametrize("mention", ["[[Note#^rw1]]", "![[Note#^rw1]]", "see ^rw1 there"])
def test_a_mention_of_an_anchor_is_none(mention: str) -> None:
    reading = said(LIST, one(), ("# Meditations", f"# Meditations\n\n{mention}"))
    assert reading.copies == ()
    assert reading.values["1", "note"] == "Mine."


def test_an_anchor_inside_a_value_is_none() -> None:
    shown = document(
        highlights=(
            Highlight(id="1", block_id="rw1", text="a\n^rw2", note="b\n\n^rw2"),
            Highlight(id="2", block_id="rw2", text="c", note="d"),
        )
    )
    reading = said(LIST, shown, ("Note: d", "Note: e"), ("# Medi", "# medi"))
    assert reading.values["1", "note"] == "b\n\n^rw2"
    assert reading.values["2", "note"] == "e"
    assert reading.copies == ()


def test_a_code_fence_that_is_never_closed_does_not_hide_the_blocks_after_it() -> None:
    reading = said(LIST, document(), ("Mine.", "Mine.\n  ```\n  code"), ("Second.", "Second!"))
    assert reading.values["1", "note"] == "Mine.\n```\ncode"
    assert reading.values["2", "text"] == "Second!"


@pytest.mark.parametrize(
    "line", ["  - Note: New.", "- [ ] Note: New.", "* Note: New.", "\t- Note: New.", "- Note:  New."]
)
def test_indentation_bullets_and_task_boxes_are_decoration(line: str) -> None:
    assert said(LIST, one(), ("- Note: Mine.", line)).values["1", "note"] == "New."


def test_a_task_box_before_a_value_is_no_part_of_it() -> None:
    assert said(ITEMS, one(), ("- First.", "- [x] First.")).values["1", "text"] == "First."
    assert refused(said(ITEMS, one(), ("- First.", "- [x] Second."))) == [("1", "text")]


def test_a_block_indented_as_a_whole_is_read() -> None:
    base = rendered_by(in_block(LABELS), one(text="a\nb", note="c\n\nd"))
    block = base.layout.blocks[0]
    moved = re.sub(r"^(?=.)", "\t", base.text[block.start : block.end], flags=re.MULTILINE).replace("> b", "> b2")
    ours = base.text[: block.start] + moved + base.text[block.end :]
    reading = lens.read(base.text, base.layout, ours, one(text="a\nb", note="c\n\nd"))
    assert (reading.values["1", "text"], reading.values["1", "note"]) == ("a\nb2", "c\n\nd")


def test_a_changed_label_refuses_the_value_beside_it_only_if_that_changed_too() -> None:
    assert refused(said(LIST, one(), ("Note: Mine.", "Comment: New."))) == [("1", "note")]
    reading = said(LIST, one(note="My own words."), ("Note: My", "Comment: My"))
    assert reading.values["1", "note"] == "My own words."


def test_a_changed_label_refuses_no_value_further_on_in_its_line() -> None:
    template = in_block("- Colour {{ h.color }} · Note: {{ h.note }} · Tags: {{ h.tags | hashtags }}")
    reading = said(template, one(color="red", tags=("a",)), ("Colour red", "Shade blue"), ("#a", "#a #b"))
    assert refused(reading) == [("1", "color")]
    assert reading.values["1", "tags"] == ("a", "b")


def test_inline_markup_is_part_of_a_value() -> None:
    typed = "**Mine**, ==yes==, see [[Note|alias]] and [a](https://example.org)"
    assert said(LIST, one(), ("Mine.", typed)).values["1", "note"] == typed


def test_blanks_line_ends_and_composition_are_no_edits() -> None:
    shown = one(note="Café noir  \nau lait")
    base = rendered_by(LIST, shown)
    ours = "\ufeff" + unicodedata.normalize("NFD", base.text).replace("noir  ", "noir").replace("\n", "\r\n").rstrip()
    reading = lens.read(base.text, base.layout, ours, shown)
    assert reading.values["1", "note"] == "Café noir  \nau lait"
    assert not reading.refusals


def test_the_spots_of_a_note_with_other_line_ends_are_where_its_values_stand() -> None:
    base = rendered_by(LIST, one())
    ours = "\ufeff" + base.text.replace("\n", "\r\n").replace("Mine.", "Mine.\r\n  Thine.")
    reading = lens.read(base.text, base.layout, ours, one())
    found = {(spot.owner, spot.field): ours[spot.start : spot.end] for spot in reading.spots}
    assert found["1", "note"] == "Mine.\r\n  Thine."
    assert found["1", "text"] == "> First."
    assert reading.values["1", "note"] == "Mine.\nThine."


def test_typographic_quotes_are_an_edit() -> None:
    assert said(LIST, one(note='"so"'), ('"so"', "“so”")).values["1", "note"] == "“so”"


HEAD = "---\ntitle: {{ document.title }}\nby: {{ document.author }}\ntags: {{ document.tags }}\n---\n"
HEAD += "# {{ document.title }}\n"


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("title: Meditations", 'title: "Meditations"  # mine', "title", "Meditations"),
        ("title: Meditations", "title: Letters", "title", "Letters"),
        ("by: Marcus Aurelius", "by:", "author", ""),
        ("by: Marcus Aurelius\n", "", "author", None),
        ("by: Marcus Aurelius", "by: 12", "author", None),
        ("tags:\n  - to-read\n  - y2024", "tags: [to-read, y2024]", "tags", ("to read", "2024")),
        ("tags:\n  - to-read\n  - y2024", "tags: [New, '#TO-READ']", "tags", ("to read", "New")),
        ("tags:\n  - to-read\n  - y2024", "tags:", "tags", ()),
        ("tags:\n  - to-read\n  - y2024", "tags: {a: 1}", "tags", None),
        ("tags:\n  - to-read\n  - y2024", "tags: to-read, new", "tags", ("to read", "new")),
        ("title: Meditations", "title: [", "title", None),
    ],
)
def test_properties_are_compared_by_key_and_value(old: str, new: str, field: str, value: Value | None) -> None:
    assert said(HEAD, document(), (old, new)).values.get(("", field)) == value


def test_a_heading_is_no_place_to_retitle_a_document() -> None:
    reading = said(HEAD, document(), ("# Meditations", "# My heading"))
    assert reading.values["", "title"] == "Meditations"
    assert not reading.refusals


def test_what_is_written_into_a_read_only_value_stays_its_users() -> None:
    template = in_block("- Note: {{ h.note | upper }}\n- Color: {{ h.color }}")
    reading = said(template, one(), ("MINE.", "MINE!"), ("Color: ", "Color: red"))
    assert ("1", "note") not in reading.values
    assert reading.values["1", "color"] == "red"


def test_a_value_outside_every_block_is_read_only() -> None:
    reading = said(LIST + "Summary: {{ document.summary }}\n", document(summary="Short."), ("Short.", "Long."))
    assert ("", "summary") not in reading.values
    assert ("", "note") in reading.values


def test_a_value_of_another_block_is_read_only() -> None:
    template = in_block("- By {{ document.author }}\n- Note: {{ h.note }}")
    reading = said(template, one(), ("By Marcus", "By Mark"))
    assert refused(reading) == [("", "author")]


# --- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("through", "old", "new", "tags"),
    [
        ("hashtags", "#a-b #c", "#A-B #new", ("a b", "new")),
        ("hashtags", "#a-b #c", "#a-b, #c, #to-read", ("a b", "c", "to read")),
        ("hashtags", "#a-b #c", "#c and more", None),
        ("hashtags", "#a-b #c", "", ()),
        ("wikilinks", "[[a b]], [[c]]", "[[c|see]] [[x]]", ("c", "x")),
        ("wikilinks", "[[a b]], [[c]]", "[[c]] x", None),
        ("join('; ')", "a b; c", "c;d", ("c", "d")),
        ("join(' ')", "a b c", "c", None),
        ("join(', ')", "a b, c", "", ()),
    ],
)
def test_tags_are_read_back_by_their_names_at_the_service(
    through: str, old: str, new: str, tags: tuple[str, ...] | None
) -> None:
    template = in_block("- Tags: {{ h.tags | " + through + " }}")
    reading = said(template, one(tags=("a b", "c")), (f"Tags: {old}", f"Tags: {new}"))
    assert reading.values.get(("1", "tags")) == tags


def test_a_tag_that_two_names_share_can_not_be_taken_out() -> None:
    template = in_block("- Tags: {{ h.tags | hashtags }}")
    shown = one(tags=("a b", "a-b", "!?"))
    assert said(template, shown, ("#a-b", "#a-b #c")).values["1", "tags"] == ("a b", "a-b", "!?", "c")
    assert refused(said(template, shown, ("#a-b", "#c"))) == [("1", "tags")]


def test_tags_printed_one_by_one_are_read_only() -> None:
    template = in_block("- Tags: {% for tag in h.tags %}{{ tag }}; {% endfor %}")
    assert refused(said(template, one(tags=("a",)), ("Tags: a", "Tags: b"))) == [("1", "tags")]


# --- where things stand -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["default", "callouts", "minimal"])
def test_blocks_and_values_of_the_shipped_templates_are_found_where_they_were_written(folder: str) -> None:
    parts = Path(__file__).parents[1] / "templates" / folder
    renderer = Renderer({part.name: part.read_text("utf-8") for part in parts.glob("*.md")})
    shown = specimens("articles")[0]
    base = renderer.render("document.md", shown, now=NOW)
    reading = lens.read(base.text, base.layout, base.text, shown)
    assert not reading.refusals
    assert {block.id: Region(block.start, block.end) for block in base.layout.blocks}.items() <= reading.regions.items()
    for spot in reading.spots:
        assert base.text[spot.start : spot.end] == inverses.shown(reading.values[spot.owner, spot.field], spot.via)
        assert spot.at in {span.start for span in base.layout.spans}


def test_a_region_takes_in_what_its_user_wrote_inside_the_block_but_not_between_blocks() -> None:
    base = rendered_by(LIST, document())
    ours = base.text.replace("^rw1\n\n", "^rw1\n\nInside.\n\n").replace("> Second.", "Between.\n\n> Second!")
    reading = lens.read(base.text, base.layout, ours, document())
    shown = {owner: ours[region.start : region.end] for owner, region in reading.regions.items()}
    assert shown["1"] == "> First.\n\n^rw1\n\nInside.\n\n- Note: Mine.\n- Tags: #a-b #c\n\n"
    assert shown["2"] == "> Second!\n\n^rw2\n\n- Note: \n- Tags: \n\n"


# --- corners ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "via", "base", "value"),
    [
        ("plain", (("quote",),), "", None),
        ("> one\ntwo", (("quote",),), "", None),
        ("one\ntwo", (("indent", "  ", False),), "", None),
        ("a|b", (("cell",),), "", None),
        ("a\\|b<br>c", (("cell",),), "", "a|b\nc"),
        ("    code\nmore", (), "    code", "    code\nmore"),
        ("a", (("item",),), "b", None),
        ("a", (), ("b",), None),
        ("a", (("join", ""),), ("b",), None),
        ("#b", (("hashtags",), ("quote",)), ("b", "c"), None),
        ("> #b", (("hashtags",), ("quote",)), ("b", "c"), ("b",)),
    ],
)
def test_text_that_the_template_would_not_print_stands_for_no_value(
    text: str, via: Steps, base: Value, value: Value | None
) -> None:
    assert inverses.inverse(text, via, base) == value


def test_tags_printed_as_a_list_are_shown_as_the_template_shows_them() -> None:
    assert inverses.shown(("a", "b"), ()) == "a, b"
    assert inverses.shown("a", (("item",),)) == "a"


def test_a_row_with_every_literal_changed_keeps_only_values_that_stand_there_as_they_were() -> None:
    template = in_block("- Note: {{ h.note }} · Color: {{ h.color }} (end)")
    shown = one(note="My own words", color="red")
    reading = said(template, shown, ("- Note: My own words · Color: red (end)", "My own words, in red or blue, red"))
    assert reading.values["1", "note"] == "My own words"
    assert ("1", "color") not in reading.values


def test_an_anchor_whose_line_was_rewritten_still_holds_its_block_together() -> None:
    template = LOOP + "- {{ h.text }} (page {{ h.location }}) {{ h.anchor }}\n  - Note: {{ h.note }}\n" + END
    reading = said(template, one(location=7), ("- First. (page 7) ^rw1", "Gone ^rw1"), ("Mine.", "New."))
    assert refused(reading) == [("1", "text")]
    assert reading.values["1", "note"] == "New."


def test_several_lines_between_delimiters_take_no_further_line() -> None:
    reading = said(in_block("(note: {{ h.note }})"), one(note="a\nb"), ("a\nb", "a\nmine\nb"))
    assert refused(reading) == [("1", "note")]


def test_several_lines_that_nothing_marks_are_read_only_where_they_end_a_row() -> None:
    reading = said(in_block("{{ h.note }}"), one(note="a\nb"), ("a\nb", "a2\nb"))
    assert refused(reading) == [("1", "note")]


def test_a_value_without_literals_in_a_sea_of_user_text_is_refused() -> None:
    reading = said(in_block("{{ h.note }}\n\n{{ h.color }}"), one(), ("Mine.", "All mine.\n\n" * 90))
    assert ("1", "note") in refused(reading)


def test_a_long_quotation_is_read_with_what_was_added_deep_inside_it() -> None:
    passage = "\n".join(f"line {number}" for number in range(200))
    reading = said(LIST, one(text=passage), ("> line 90\n", "> line 90\n> mine\n"), ("Mine.", "New."))
    assert reading.values["1", "text"] == passage.replace("line 90\n", "line 90\nmine\n")
    assert reading.values["1", "note"] == "New."


def test_a_copied_item_with_its_anchor_is_a_copy() -> None:
    reading = said(ITEMS, one(), ("- First. ^rw1\n", "- First. ^rw1\n- Other. ^rw1\n"))
    assert reading.copies == ("1",)
    assert ("1", "text") in refused(reading)


def test_of_two_anchors_on_a_line_the_last_is_one() -> None:
    reading = said(ITEMS, document(), ("- Second. ^rw2", "- Second. ^rw1 ^rw2"))
    assert reading.values["1", "text"] == "First."
    assert reading.copies == ()


def test_two_passages_alike_are_not_found_by_their_text() -> None:
    twice = tuple(Highlight(id=str(number), block_id=f"rw{number}", text="The same.") for number in (1, 2))
    assert said(LIST, document(highlights=twice), ("^rw1\n", "\n")).absent == ("1",)


def test_a_filter_between_the_field_and_its_place_makes_it_read_only() -> None:
    template = in_block("{% filter replace('M', 'N') %}- Note: {{ h.note }}{% endfilter %}")
    assert ("1", "note") not in said(template, one(), ("Nine.", "New.")).values


# --- laws -------------------------------------------------------------------------------------------------------------

shapes = st.sampled_from(list(SHAPES))
few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def _same(value: Value, other: Value) -> bool:
    if isinstance(value, tuple):
        return {local_tag(name) for name in value} == {local_tag(name) for name in other}
    return isinstance(other, str) and normal(value) == normal(other)


@few
@given(DOCUMENTS, shapes)
def test_an_unedited_note_says_what_was_written(shown: Document, shape: str) -> None:
    note = note_of(shown, shape)
    reading = lens.read(note.text, note.layout, note.text, shown)
    assert not (reading.refusals or reading.absent or reading.copies)
    assert all(value == value_of(shown, *key) for key, value in reading.values.items())


@few
@given(DOCUMENTS, shapes, st.data())
def test_a_value_put_into_a_note_is_read_back_or_refused(shown: Document, shape: str, data: st.DataObject) -> None:
    note = note_of(shown, shape)
    spans = [span for span in note.layout.spans if span.field in edits.WRITABLE]
    assume(spans)
    span = data.draw(st.sampled_from(spans))
    was = value_of(shown, span.owner, span.field)
    names = st.lists(st.sampled_from([*was, "new", "a/b", "é"]), max_size=3, unique=True).map(tuple)
    wanted: st.SearchStrategy[Value] = names if isinstance(was, tuple) else TEXTS
    value = data.draw(wanted)
    put = inverses.shown(value, span.via)
    back = inverses.inverse(put, span.via, "" if isinstance(was, str) else was)
    assume(back is not None and _same(back, value))
    assume("\n" not in put or any(step[0] in ("quote", "indent") for step in span.via))
    ours = note.text[: span.start] + put + note.text[span.end :]
    reading = lens.read(note.text, note.layout, ours, shown)
    for key, got in reading.values.items():
        assert _same(got, value if key == (span.owner, span.field) else value_of(shown, *key)), (key, ours)


HOSTILE = st.one_of(
    TEXTS, st.sampled_from(["^rw1", "\n^rw2\n", "- ", "> ", "\ufdd0", "\x00", "\ud800", "---\n", "\n  "])
)


@few
@given(DOCUMENTS, shapes, st.lists(st.tuples(st.integers(0, 999), st.integers(0, 40), HOSTILE), max_size=4))
def test_whatever_a_note_holds_it_is_read_without_an_error_and_values_are_clean(
    shown: Document, shape: str, cuts: list[tuple[int, int, str]]
) -> None:
    note = note_of(shown, shape)
    ours = note.text
    for at, length, new in cuts:
        ours = ours[:at] + new + ours[at + length :]
    reading = lens.read(note.text, note.layout, ours, shown)
    said_of_all = "".join("".join(value) for value in reading.values.values())
    assert not re.search("[\x00-\x08\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]", said_of_all)
    places = [(spot.start, spot.end) for spot in reading.spots]
    places += [(region.start, region.end) for region in reading.regions.values()]
    assert all(0 <= start <= end <= len(ours) for start, end in places)


MINE = st.sampled_from(["My line", "# My head", "* My item", "1. My one", "**My**"])


@few
@given(DOCUMENTS, shapes, st.lists(st.tuples(st.integers(0, 99), MINE), min_size=1, max_size=4))
def test_lines_of_ones_own_change_no_value(shown: Document, shape: str, mine: list[tuple[int, str]]) -> None:
    note = note_of(shown, shape)
    lines = note.text[note.layout.body :].split("\n")
    for at, line in mine:
        lines.insert(at % (len(lines) + 1), line)
    ours = note.text[: note.layout.body] + "\n".join(lines)
    reading = lens.read(note.text, note.layout, ours, shown)
    assert all(_same(value, value_of(shown, *key)) for key, value in reading.values.items()), ours


# --- measures ---------------------------------------------------------------------------------------------------------


def test_a_thousand_random_edits_are_read_as_meant_or_refused() -> None:
    counts, _, wrong = edits.counted(range(1000))
    assert not wrong
    assert counts["value"].refused < 0.01 * counts["value"].notes
    assert sum(count.refused for count in counts.values()) < 0.1 * sum(count.notes for count in counts.values())


def test_two_edits_among_25_highlights_are_read() -> None:
    passage = "A passage of some length, as people mark them when they read. " * 6
    highlights = tuple(
        Highlight(id=str(number), block_id=f"rw{number}", text=f"{number} {passage}", note=f"Thought {number}.")
        for number in range(25)
    )
    shown = document(highlights=highlights)
    base = rendered_by(LIST, shown)
    ours = base.text.replace("Thought 7.", "Thought 7, and one more.\n  And more.").replace("Thought 20.", "")
    reading = lens.read(base.text, base.layout, ours, shown)
    assert reading.values["7", "note"] == "Thought 7, and one more.\nAnd more."
    assert reading.values["20", "note"] == ""


@pytest.mark.parametrize("seed", range(120))
def test_asking_for_fewer_fields_leaves_out_nothing_that_changed(seed: int) -> None:
    _, editing = edits.edited(seed)
    base, asked = editing.base, {("", "note"), (editing.document.highlights[0].id, "tags")}
    every = lens.read(base.text, base.layout, editing.ours, editing.document)

    some = lens.read(base.text, base.layout, editing.ours, editing.document, asked=asked)

    changed = {key for key, value in every.values.items() if value != value_of(editing.document, *key)}
    assert some.values == {key: value for key, value in every.values.items() if key in some.values}
    assert changed | (asked & every.values.keys()) <= some.values.keys()
    wanted = [spot for spot in every.spots if (spot.owner, spot.field) in changed | asked]
    assert [spot for spot in some.spots if (spot.owner, spot.field) in changed | asked] == wanted
    assert (some.refusals, some.regions, some.absent, some.orphans, some.copies) == (
        *(every.refusals, every.regions, every.absent),
        *(every.orphans, every.copies),
    )


def test_a_field_changed_in_a_property_is_told_of_in_the_body_too() -> None:
    shown = document(tags=("a",))
    note = rendered_by("---\ntags: {{ document.tags }}\n---\nTags: {{ document.tags | hashtags }}\n", shown)
    ours = note.text.replace("  - a\n", "  - a\n  - b\n")
    assert ours != note.text

    reading = lens.read(note.text, note.layout, ours, shown, asked=())

    assert reading.values == {("", "tags"): ("a", "b")}
    assert [ours[spot.start : spot.end] for spot in reading.spots] == ["#a"]
