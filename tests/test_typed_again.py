"""What a template makes of words that are not at the service yet follows them when they are typed again."""

from __future__ import annotations

import re

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.linkding_case import Keeper, keeper
from tests.test_push import type_note, type_tags
from vaultsync.simulator.records import Book

__all__ = ["keeper", "reader"]

CONFLICT = "[!vaultsync-conflict]"
STARRED = TEMPLATE.replace("- Tags:", "{{ '★' if 'favorite' in h.tags }}\n- Tags:").replace(
    "{% for h", "Notes: {{ document.highlights | map(attribute='note') | select | join('; ') }}\n\n{% for h"
)


@pytest.fixture
def tea(reader: Reading) -> Book:
    """A book with a highlight, of which nothing is sent."""
    (reader.vault / "T/document.md").write_text(STARRED)
    text = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(f"{text}\npush = []\n")
    book, _ = reader.book("Tea", "Of leaves.")
    reader.export()
    return book


def retitle(reader: Reading, title: str, *, was: str) -> None:
    """Type another title into the properties."""
    text = reader.text("Tea.md")
    assert text.count(f'title: "{was}"\n') == 1, text
    reader.write("Tea.md", text.replace(f'title: "{was}"\n', f'title: "{title}"\n'))


def news(reader: Reading, book: Book) -> str:
    """Have a new highlight arrive; the note with it."""
    text = f"Passage {len(book.highlights)}."
    reader.library.add_highlight(book, text)
    run = reader.export()
    assert run.json["edits"]["conflicts"] == 0, reader.text("Tea.md")
    now = reader.text("Tea.md")
    assert f"> {text}\n" in now and CONFLICT not in now
    return now


def test_a_heading_follows_a_title_that_is_typed_again_and_again(reader: Reading, tea: Book) -> None:
    titles = ["Tea", "Green tea", "Greener tea", "Greenest tea"]
    for was, title in zip(titles, titles[1:], strict=False):
        retitle(reader, title, was=was)
        assert f"\n# {title}\n" in news(reader, tea)
        reader.type("Tea.md")


def test_a_heading_goes_back_with_a_title_that_is_taken_back(reader: Reading, tea: Book) -> None:
    retitle(reader, "Green tea", was="Tea")
    assert "\n# Green tea\n" in news(reader, tea)
    retitle(reader, "Tea", was="Green tea")
    assert "\n# Tea\n" in news(reader, tea)


def test_a_heading_its_user_has_rewritten_stays(reader: Reading, tea: Book) -> None:
    retitle(reader, "Green tea", was="Tea")
    news(reader, tea)
    reader.write("Tea.md", reader.text("Tea.md").replace("# Green tea\n", "# On leaves\n"))
    assert "\n# On leaves\n" in news(reader, tea)
    assert "\n# On leaves\n" in news(reader, tea)


def test_a_mark_for_a_tag_goes_with_it(reader: Reading, tea: Book) -> None:
    type_tags(reader, "Tea.md", "#favorite")
    assert "\n★\n- Tags: #favorite\n" in news(reader, tea)
    type_tags(reader, "Tea.md", "#tea")
    assert "★" not in news(reader, tea)
    type_tags(reader, "Tea.md", "#tea #favorite")
    assert "\n★\n- Tags: #tea #favorite\n" in news(reader, tea)


def test_a_list_of_what_was_typed_follows_it(reader: Reading, tea: Book) -> None:
    type_note(reader, "Tea.md", "Why")
    assert "\nNotes: Why\n" in news(reader, tea)
    type_note(reader, "Tea.md", "Why green?", was="Why")
    assert "\nNotes: Why green?\n" in news(reader, tea)
    type_note(reader, "Tea.md", "", was="Why green?")
    assert "\nNotes: \n" in news(reader, tea)


def test_it_follows_in_a_note_that_its_block_was_moved_to(reader: Reading, tea: Book) -> None:
    text = reader.text("Tea.md")
    at = text.index("> Of leaves.")
    reader.write("Tea.md", text[:at])
    reader.write("Mine.md", f"# Mine\n\n{text[at:]}")
    type_tags(reader, "Mine.md", "#favorite")
    news(reader, tea)
    assert "\n★\n- Tags: #favorite\n" in reader.text("Mine.md")
    type_tags(reader, "Mine.md", "#tea")
    news(reader, tea)
    assert "★" not in reader.text("Mine.md") and "\n- Tags: #tea\n" in reader.text("Mine.md")


def test_it_follows_once_all_of_it_is_sent(reader: Reading, tea: Book) -> None:
    type_tags(reader, "Tea.md", "#favorite")
    news(reader, tea)
    type_tags(reader, "Tea.md", "#favorite #tea")
    text = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(text.replace("push = []", 'push = ["note", "tags"]'))
    assert reader.run("sync", "--json").json["edits"]["sent"] == 1
    assert {tag.name for tag in tea.highlights[0].tags} == {"favorite", "tea"}
    type_tags(reader, "Tea.md", "#tea")
    reader.run("sync")
    assert "★" not in news(reader, tea) and [tag.name for tag in tea.highlights[0].tags] == ["tea"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- Note: Why", "- Remark: Why"),
        ("- Note: Why", "Why"),
        ("  tea,\n", "  tea,\nMy own line.\n"),
        ("  tea,\n", "  tea,\n\nMy own line.\n\n"),
        ("^rw800000009\n", ""),
    ],
)
def test_words_that_can_not_be_read_any_more_stay(reader: Reading, tea: Book, old: str, new: str) -> None:
    type_note(reader, "Tea.md", "Why\n\n  drink\n  tea,\n\n  and when?")
    news(reader, tea)
    assert reader.text("Tea.md").count(old) == 1
    reader.write("Tea.md", reader.text("Tea.md").replace(old, new))
    typed = [
        line for line in ("  drink", "  tea,", "  and when?", "My own line.") if line in f"{reader.text('Tea.md')}"
    ]
    for _ in range(2):
        reader.library.add_highlight(tea, f"Passage {len(tea.highlights)}.")
        reader.run("export")
        now = reader.text("Tea.md")
        assert [line for line in typed if f"\n{line}\n" not in now] == [] and re.search("Why\n\n  drink", now)


def test_words_stay_when_what_they_are_about_is_gone_at_the_source(reader: Reading, tea: Book) -> None:
    type_note(reader, "Tea.md", "Why")
    type_tags(reader, "Tea.md", "#favorite")
    news(reader, tea)
    reader.library.delete_highlight(tea.highlights[0].id)
    reader.run("export")
    now = reader.text("Tea.md")
    assert "> Of leaves.\n" in now and "\n- Note: Why\n★\n- Tags: #favorite\n" in now


def test_what_follows_from_other_words_makes_no_edit_unsure(reader: Reading, tea: Book) -> None:
    retitle(reader, "Green tea", was="Tea")
    news(reader, tea)
    retitle(reader, "Greener tea", was="Green tea")
    type_note(reader, "Tea.md", "Why")
    text = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(text.replace("push = []", 'push = ["note", "tags"]'))
    assert reader.run("push", "--json").json["edits"] == {"sent": 1, "waiting": 0, "conflicts": 0, "refused": 1}
    assert tea.highlights[0].note == "Why"
    assert "\n# Greener tea\n" in reader.text("Tea.md") and "\nNotes: Why\n" in reader.text("Tea.md")


def test_words_typed_again_before_they_are_sent_are_sent(keeper: Keeper) -> None:
    bookmark = keeper.links.add("https://example.org/tea", title="Tea", notes="Long.")
    keeper.configure(push='["note", "title"]')
    keeper.reader.export()
    keeper.type("Tea.md", "title: Tea\n", "title: Green tea\n")
    keeper.links.edit(bookmark.id, description="Short.")
    keeper.reader.export()
    assert "\n# Green tea\n" in keeper.reader.text("Tea.md")
    keeper.type("Tea.md", "title: Green tea\n", "title: Greener tea\n")
    assert keeper.push() == {"sent": 1, "waiting": 0, "conflicts": 0, "refused": 0}
    assert bookmark.title == "Greener tea" and "\n# Greener tea\n" in keeper.reader.text("Tea.md")


def test_an_edit_that_is_unsure_is_made_no_surer_by_news(reader: Reading, tea: Book) -> None:
    text = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(text.replace("push = []", 'push = ["note", "tags"]'))
    mine = "- Note: Why\nMine, and not indented.\n- Tags: "
    reader.write(
        "Tea.md", reader.text("Tea.md").replace("- Note: \n\n- Tags: ", mine).replace("- Note: \n- Tags: ", mine)
    )
    for _ in range(2):
        assert mine in reader.text("Tea.md")
        assert reader.run("push", "--json").json["edits"]["sent"] == 0
        reader.library.add_highlight(tea, f"Passage {len(tea.highlights)}.")
        reader.run("export")
    assert tea.highlights[0].note == ""


def test_what_it_was_is_told_by_the_template_as_it_is_now(reader: Reading, tea: Book) -> None:
    retitle(reader, "Green tea", was="Tea")
    news(reader, tea)
    changed = STARRED.replace("# {{ document.title }}", "# {{ document.title }}!")
    (reader.vault / "T/document.md").write_text(changed)
    retitle(reader, "Greener tea", was="Green tea")
    reader.library.add_highlight(tea, "More.")
    reader.run("export")
    assert "> More.\n" in reader.text("Tea.md") and 'title: "Greener tea"\n' in reader.text("Tea.md")


TWICE = STARRED.replace("{{ '★'", "- Again: {{ h.note | indent }}\n{{ '★'")


@pytest.mark.parametrize("typed_into", ["Note", "Again"])
def test_a_note_an_editor_puts_back_half_typed_loses_nothing(reader: Reading, tea: Book, typed_into: str) -> None:
    (reader.vault / "T/document.md").write_text(TWICE)
    reader.export()
    reader.write("Tea.md", reader.text("Tea.md").replace(f"- {typed_into}: \n", f"- {typed_into}: Why\n"))
    typed = reader.text("Tea.md")
    for _ in range(3):
        assert "\n- Note: Why\n- Again: Why\n" in news(reader, tea)
        reader.write("Tea.md", typed)


@pytest.mark.parametrize(
    ("old", "new"),
    [("★\n", ""), ("Notes: ", "My notes: "), ("# Tea\n", "# Leaves\n"), ("- Tags: ", "* Tags: ")],
)
def test_words_stay_whatever_else_is_done_to_the_lines_that_follow_them(
    reader: Reading, tea: Book, old: str, new: str
) -> None:
    type_note(reader, "Tea.md", "Why")
    type_tags(reader, "Tea.md", "#favorite")
    news(reader, tea)
    assert old in reader.text("Tea.md")
    reader.write("Tea.md", reader.text("Tea.md").replace(old, new))
    for _ in range(2):
        now = news(reader, tea)
        assert "\n- Note: Why\n" in now and " Tags: #favorite\n" in now and new in now
