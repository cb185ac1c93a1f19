"""Unread, shared, archived: truth values that are properties of a note, and can be switched on both sides."""

from __future__ import annotations

import shutil

import pytest

from tests.export_case import reader
from tests.linkding_case import Keeper, keeper
from vaultsync.simulator.linkding_records import Bookmark

__all__ = ["keeper", "reader"]

UNSENT = {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
TEMPLATE = """\
---
title: {{ document.title }}
unread: {{ document.extra.unread }}
shared: {{ document.extra.get("shared") }}
archived: {{ document.extra.is_archived }}
---
{% if document.extra.unread %}
Waits to be read.

{% endif %}
- Note: {{ document.note | indent }}
- Shared: {{ document.extra.shared }}
"""
HEAD = '---\ntitle: Tea\nunread: {}\nshared: {}\narchived: {}\nvaultsync_id: "linkding:1"\n---\n'


@pytest.fixture
def tea(keeper: Keeper) -> Bookmark:
    """An unread bookmark, exported; whatever can be sent is."""
    (keeper.reader.vault / "T/document.bookmarks.md").write_text(TEMPLATE)
    keeper.configure(push='["note", "unread", "shared", "archived"]')
    made = keeper.links.add("https://example.org/tea", title="Tea", unread=True)
    keeper.reader.export()
    assert keeper.reader.text("Tea.md") == (
        HEAD.format("true", "false", "false") + "Waits to be read.\n\n- Note: \n- Shared: false\n"
    )
    return made


def state_of(bookmark: Bookmark) -> tuple[bool, bool, bool]:
    return bookmark.unread, bookmark.shared, bookmark.is_archived


def test_what_is_switched_in_a_note_arrives_with_what_the_template_makes_of_it(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    keeper.type("Tea.md", "shared: false\n", "shared: true # for all\n")
    keeper.type("Tea.md", "archived: false\n", "archived: True\n")
    keeper.type("Tea.md", "- Note: \n", "- Note: Drunk.\n")
    assert keeper.sync() == {**UNSENT, "sent": 4}
    assert (state_of(tea), tea.notes) == ((False, True, True), "Drunk.")
    assert keeper.reader.text("Tea.md") == (
        HEAD.format("false", "true # for all", "True") + "- Note: Drunk.\n- Shared: true\n"
    )
    files = keeper.reader.files()
    assert (keeper.sync("--full"), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)


def test_what_is_switched_at_linkding_arrives_beside_words_of_ones_own(keeper: Keeper, tea: Bookmark) -> None:
    keeper.reader.type("Tea.md")
    keeper.links.edit(tea.id, unread=False, shared=True)
    keeper.links.archive(tea.id)
    assert (keeper.sync(), keeper.writes) == (UNSENT, [])
    assert keeper.reader.text("Tea.md") == (
        HEAD.format("false", "true", "true") + "- Note: \n- Shared: true\n\nMy own words.\n"
    )


def test_switched_alike_on_both_sides_is_agreed(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    keeper.links.edit(tea.id, unread=False)
    assert (keeper.sync(), keeper.writes) == (UNSENT, [])
    assert "Waits" not in keeper.reader.text("Tea.md")


def test_one_switched_here_and_one_there_are_both_switched(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    keeper.links.edit(tea.id, shared=True)
    assert keeper.sync() == {**UNSENT, "sent": 1}
    assert state_of(tea) == (False, True, False)
    assert keeper.reader.text("Tea.md") == HEAD.format("false", "true", "false") + "- Note: \n- Shared: true\n"


@pytest.mark.parametrize(
    "typed", ["", "unread:\n", "unread: no\n", 'unread: "false"\n', "unread: 0\n", "unread: [false]\n"]
)
def test_what_is_neither_true_nor_false_is_not_sent(keeper: Keeper, tea: Bookmark, typed: str) -> None:
    keeper.type("Tea.md", "unread: true\n", typed)
    keeper.type("Tea.md", "- Note: \n", "- Note: Drunk.\n")
    assert (keeper.sync(), keeper.writes) == ({**UNSENT, "sent": 1}, ["PATCH bookmarks/1/"])
    assert (tea.unread, tea.notes) == (True, "Drunk.")
    assert ("neither true nor false" in keeper.reader.run("status").out) == bool(typed)
    assert "\n" + typed + "shared" in keeper.reader.text("Tea.md")


def test_what_its_user_does_not_list_is_told_and_stays(keeper: Keeper, tea: Bookmark) -> None:
    keeper.configure()
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    assert (keeper.sync(), keeper.writes) == ({**UNSENT, "refused": 1}, [])
    assert 'add "unread" to push of [sources.linkding]' in keeper.reader.run("status").out
    assert "unread: false\n" in keeper.reader.text("Tea.md")
    assert tea.unread


def test_what_stands_in_the_text_is_no_place_to_switch_it(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "- Shared: false\n", "- Shared: true\n")
    assert (keeper.sync(), keeper.writes) == (UNSENT, [])
    assert "- Shared: true\n" in keeper.reader.text("Tea.md")
    assert not tea.shared


@pytest.mark.parametrize(("side", "unread"), [("--ours", "false"), ("--theirs", "true")])
def test_without_state_what_differs_is_asked_about(keeper: Keeper, tea: Bookmark, side: str, unread: str) -> None:
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    shutil.rmtree(keeper.reader.state)
    assert (keeper.sync(code=3)["conflicts"], keeper.writes) == (1, [])
    assert "unread: false\n" in keeper.reader.text("Tea.md")
    assert "> [!vaultsync-conflict] property unread\n> true\n" in keeper.reader.text("Tea.md")
    keeper.reader.run("resolve", "Tea.md", side)
    keeper.sync()
    assert f"unread: {unread}\n" in keeper.reader.text("Tea.md")
    assert tea.unread == (unread == "true")
    files = keeper.reader.files()
    assert (keeper.sync("--full"), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)


def test_a_switch_is_taken_back_by_undo(keeper: Keeper, tea: Bookmark) -> None:
    before = keeper.reader.text("Tea.md")
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    assert keeper.push() == {**UNSENT, "sent": 1}
    assert (tea.unread, keeper.reader.run("undo").code) == (False, 0)
    assert tea.unread
    keeper.type("Tea.md", "unread: false\n", "unread: true\n")
    assert (keeper.sync(), keeper.writes, keeper.reader.text("Tea.md")) == (UNSENT, [], before)


def test_a_dry_run_names_the_switch_as_a_template_does(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "unread: true\n", "unread: false\n")
    assert "Tea.md: extra.unread: true -> false\n" in keeper.reader.run("push", "--dry-run").out
    assert tea.unread
