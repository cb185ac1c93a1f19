from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given

from tests.render_case import TEXTS
from vaultsync.rendering.filters import (
    FILTERS,
    callout,
    cell,
    date_text,
    filename,
    hashtags,
    indent,
    join,
    quote,
    slug,
    trim,
    wikilinks,
)
from vaultsync.rendering.tracked import TagList, Tracked, lensed


def field(text: str) -> Tracked:
    return lensed(text, "1", "note", (("default",),))


@pytest.mark.parametrize("name", ["quote", "indent", "trim", "cell"])
@given(text=TEXTS)
def test_a_lens_filter_says_what_it_did_and_makes_the_same_of_plain_text(name: str, text: str) -> None:
    made = FILTERS[name](field(text))

    assert isinstance(made, Tracked)
    assert (made.owner, made.field, made.via[0]) == ("1", "note", ("default",))
    again, *arguments = made.via[1]
    assert FILTERS[again](text, *arguments) == made
    assert type(FILTERS[name](text)) is str


@given(TEXTS)
def test_quote_and_indent_keep_every_line_and_can_be_undone(text: str) -> None:
    assert [re.sub("^> ?", "", line, count=1) for line in quote(text).split("\n")] == text.split("\n")
    assert [
        line.removeprefix("    ") if line.strip() else line for line in indent(text, 4, first=True).split("\n")
    ] == [line if line.strip() else f"    {line}" if line else line for line in text.split("\n")]


@given(TEXTS)
def test_a_cell_is_one_line_whose_bars_end_no_cell(text: str) -> None:
    assert "\n" not in cell(text)
    assert not re.search(r"(?<!\\)\|", cell(text))


@given(TEXTS)
def test_a_link_is_never_broken_by_the_name_in_it(text: str) -> None:
    assert re.fullmatch(r"(?:\[\[[^\[\]|#^\n]+\]\])?", wikilinks([text]))


@given(TEXTS)
def test_making_a_filename_or_slug_twice_changes_nothing_more(text: str) -> None:
    assert filename(filename(text)) == filename(text)
    assert slug(slug(text)) == slug(text)


@given(TEXTS)
def test_a_callout_holds_all_of_its_text(text: str) -> None:
    head, *lines = callout(text, "note", "Title", "-").split("\n")

    assert head == "> [!note]- Title"
    assert "\n".join(lines) == quote(text)


@pytest.mark.parametrize(
    ("value", "arguments", "expected"),
    [
        (date(180, 1, 2), (), "0180-01-02"),
        (datetime(2024, 5, 1, 23, 59, tzinfo=UTC), (), "2024-05-01"),
        (datetime(2024, 5, 1, 23, 59, tzinfo=UTC), ("%H:%M",), "23:59"),
        (date(2024, 5, 1), ("%d.%m.%Y",), "01.05.2024"),
        (None, ("%Y",), ""),
        ("May", ("%Y",), "May"),
    ],
)
def test_a_date_is_written_as_asked(value: date | None | str, arguments: tuple[str, ...], expected: str) -> None:
    assert date_text(value, *arguments) == expected


def test_indent_takes_the_pad_itself_and_no_more_than_a_screenful() -> None:
    assert indent("a\nb", "> ") == "a\n> b"
    assert len(indent("a\nb", 10**12)) < 2000


def test_lists_stay_fields_only_whole() -> None:
    tags = TagList(("a b", "2024"), "1")

    assert (hashtags(tags), hashtags(tags[:1]), hashtags("x y"), hashtags("")) == ("#a-b #y2024", "#a-b", "#x-y", "")
    assert isinstance(hashtags(tags), Tracked) and not isinstance(hashtags(tags[:1]), Tracked)
    assert join(tags, "; ") == "a b; 2024"
    assert join(["x", None, 1], "-") == "x--1"


def test_join_says_how_to_join_a_field_of_each() -> None:
    with pytest.raises(TypeError, match=r'map\(attribute="…"\)'):
        join([], ", ", "text")


def test_a_tag_list_is_a_list_to_a_template() -> None:
    tags = TagList(("a", "b"), "")

    assert (len(tags), "a" in tags, "c" in tags, str(tags), [*tags], tags[1]) == (
        2,
        True,
        False,
        "a, b",
        ["a", "b"],
        "b",
    )
    assert (tags + ["c"], ["c"] + tags, tags[::-1]) == (["a", "b", "c"], ["c", "a", "b"], ["b", "a"])
    assert [tag.via for tag in tags] == [(("item",),)] * 2


def test_trim_takes_blanks_off_both_ends() -> None:
    assert trim(" \n a b\t") == "a b"
