"""Several accounts of one kind in a vault: ids, tokens and budgets apart, and none stops or mixes up with another."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.accounts_case import LINKS, TOML, Owner, owner
from tests.export_case import TEMPLATE, Reading, reader
from tests.plugin_case import Install, hook, install
from tests.simulator_case import HandClock
from tests.stop_case import observed
from vaultsync import config, workspace
from vaultsync.accounts import Account, accounts
from vaultsync.host.names import Names
from vaultsync.host.plugins import Host
from vaultsync.pull import Options
from vaultsync.runs import run
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.faults import status
from vaultsync.watching.standby import UNATTENDED, Standby

__all__ = ["install", "owner", "reader"]

HOME = """\
---
title: "Walden"
tags: []
vaultsync_id: "readwise:40000010"
---
# Walden

> I went to the woods.

^rw800000009

- Note: 
- Tags: 

"""
WORK = """\
---
title: "Walden"
tags: []
vaultsync_id: "work:40000010"
---
# Walden

> I went to the woods.

^work-rw800000009

- Note: 
- Tags: 

"""
WOODS = ("Walden", "I went to the woods.")


def without_state(owner: Owner) -> None:
    shutil.rmtree(owner.reader.state)


# Names.


def test_notes_of_two_accounts_bear_their_names_where_the_numbers_are_the_same(owner: Owner) -> None:
    owner.book(*WOODS)
    assert owner.export().counts == (2, 0, 0, 0)
    assert owner.reader.paths() == ["readwise/Walden.md", "work/Walden.md"]
    assert (owner.reader.text("readwise/Walden.md"), owner.reader.text("work/Walden.md")) == (HOME, WORK)
    assert owner.export("--full").counts == (0, 0, 2, 0)


def test_bookmarks_of_two_linkdings_are_apart(owner: Owner) -> None:
    owner.configure(TOML + LINKS)
    owner.reader.simulator.linkding.add("https://example.org/a", title="At home", notes="mine")
    owner.other.linkding.add("https://example.org/b", title="At work", notes="ours")
    owner.export()
    assert owner.reader.paths() == ["linkding/At home.md", "links/At work.md"]
    assert 'vaultsync_id: "linkding:1"\n' in owner.reader.text("linkding/At home.md")
    assert 'vaultsync_id: "links:1"\n' in owner.reader.text("links/At work.md")
    owner.type("linkding/At home.md", "mine", "mine alone")
    owner.type("links/At work.md", "ours", "ours now")
    assert owner.sync().json["edits"]["sent"] == 2
    assert [bookmark.notes for bookmark in owner.reader.simulator.linkding.bookmarks.values()] == ["mine alone"]
    assert [bookmark.notes for bookmark in owner.other.linkding.bookmarks.values()] == ["ours now"]
    assert owner.sync().json["edits"] == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}


def test_template_sees_of_which_account_a_document_is_and_from_which_service(owner: Owner) -> None:
    owner.reader.write("T/document.md", "{{ document.source }} {{ document.account }} {{ document.id }}\n")
    owner.book(*WOODS)
    owner.export()
    assert owner.reader.text("work/Walden.md").endswith("readwise work work:40000010\n")
    assert owner.reader.text("readwise/Walden.md").endswith("readwise readwise readwise:40000010\n")


def test_account_has_a_path_of_its_own(owner: Owner) -> None:
    owner.configure(TOML + 'path = "At work/{{{{ document.title }}}}.md"\n')
    owner.book(*WOODS)
    owner.export()
    assert owner.reader.paths() == ["At work/Walden.md", "readwise/Walden.md"]


def test_two_notes_that_would_have_one_path_get_two(owner: Owner) -> None:
    owner.configure(TOML.replace("{{{{ document.account }}}}/", ""))
    owner.book(*WOODS)
    owner.export()
    assert owner.reader.paths() == ["Walden (2).md", "Walden.md"]


def test_reader_document_of_a_second_account_keeps_its_note_when_it_becomes_a_book(owner: Owner) -> None:
    owner.configure(TOML + 'documents = "all"\n')
    document = owner.other.library.add_reader_document("On Noise", source_url="https://example.org/noise")
    owner.export()
    assert f'vaultsync_id: "work-reader:{document.id}"\n' in owner.reader.text("work/On Noise.md")
    highlight = owner.other.library.highlight_in_reader(document.id, "Silence is a fence.")
    owner.export()
    assert owner.reader.paths() == ["work/On Noise.md"]
    (book,) = owner.other.library.books
    text = owner.reader.text("work/On Noise.md")
    assert f'vaultsync_id: "work:{book}"\n' in text
    assert f"> Silence is a fence.\n\n^work-rw{highlight.id}\n" in text
    assert owner.export("--only", f"work-reader:{document.id}").counts == (0, 0, 1, 0)


def test_section_that_says_its_own_name_is_what_it_was_without(reader: Reading) -> None:
    reader.book(*WOODS)
    reader.export()
    before = reader.contents()
    reader.configure(source='type = "readwise"')
    assert reader.export("--full").counts == (0, 0, 1, 0)
    before.pop("vaultsync.toml")
    assert {path: data for path, data in reader.contents().items() if path in before} == before
    assert "readwise:40000010" in reader.text("Walden.md")


# Two ways.


def test_what_is_typed_goes_to_the_account_the_note_is_of(owner: Owner) -> None:
    (_, mine), (_, theirs) = owner.book(*WOODS)
    owner.export()
    owner.type("readwise/Walden.md", "- Note: \n", "- Note: for me\n")
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    owner.type("work/Walden.md", "- Tags: \n", "- Tags: #pond\n")
    sent = owner.sync().json
    assert (mine.note, [tag.name for tag in mine.tags]) == ("for me", [])
    assert (theirs.note, [tag.name for tag in theirs.tags]) == ("for us", ["pond"])
    assert {(edit["id"], edit["block"], edit["after"]) for edit in map(_hashable, sent["outbox"])} == {
        ("readwise:40000010", "rw800000009", "for me"),
        ("work:40000010", "work-rw800000009", "for us"),
        ("work:40000010", "work-rw800000009", "pond"),
    }
    assert owner.sync().json["edits"]["sent"] == 0
    assert owner.writes == ([], [])


def _hashable(edit: dict[str, str | list[str]]) -> dict[str, str]:
    return {key: ",".join(value) if isinstance(value, list) else value for key, value in edit.items()}


def test_source_option_sends_and_asks_only_one_account(owner: Owner) -> None:
    (_, mine), (_, theirs) = owner.book(*WOODS)
    owner.export("--source", "work")
    assert owner.reader.paths() == ["work/Walden.md"]
    owner.export()
    owner.type("readwise/Walden.md", "- Note: \n", "- Note: for me\n")
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    assert owner.run("push", "--source", "work").code == 0
    assert (mine.note, theirs.note) == ("", "for us")
    assert list(owner.reader.simulator.log) == []


def test_block_moved_into_the_other_accounts_note_stays_that_of_its_own(owner: Owner) -> None:
    (_, mine), (_, theirs) = owner.book(*WOODS)
    owner.export()
    text = owner.reader.text("work/Walden.md")
    block = text[text.index("> I went") :]
    owner.reader.write("work/Walden.md", text.replace(block, "My own words.\n"))
    owner.reader.write("readwise/Walden.md", owner.reader.text("readwise/Walden.md") + "\n" + block)
    owner.reader.write(
        "readwise/Walden.md",
        owner.reader.text("readwise/Walden.md").replace(
            "^work-rw800000009\n\n- Note: ", "^work-rw800000009\n\n- Note: for us"
        ),
    )
    owner.sync()
    assert (mine.note, theirs.note) == ("", "for us")
    assert owner.sync().json["edits"] == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}


def test_conflict_in_one_account_is_none_in_the_other(owner: Owner) -> None:
    _, (_, theirs) = owner.book(*WOODS)
    owner.export()
    owner.type("readwise/Walden.md", "- Note: \n", "- Note: for me\n")
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    owner.other.library.set_note(theirs, "said there")
    report = owner.sync(code=3).json
    assert report["edits"] == {"sent": 1, "waiting": 0, "conflicts": 1, "refused": 0}
    assert "> [!vaultsync-conflict] note [[#^work-rw800000009]]\n> said there\n" in owner.reader.text("work/Walden.md")
    assert "vaultsync-conflict" not in owner.reader.text("readwise/Walden.md")
    assert owner.run("resolve", "work/Walden.md", "--ours").code == 0
    assert owner.sync().json["edits"]["sent"] == 1
    assert theirs.note == "for us"


def test_marked_passage_becomes_a_highlight_in_the_account_of_its_note(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    for path in ("readwise/Walden.md", "work/Walden.md"):
        owner.reader.type(path, "> [!highlight] both\n> Simplify.\n")
    assert owner.sync().json["edits"]["sent"] == 2
    for library, name in ((owner.reader.library, "rw"), (owner.other.library, "work-rw")):
        (book,) = library.books.values()
        (made,) = [one for one in book.highlights if one.text == "Simplify."]
        note = owner.reader.text(f"{'work' if '-' in name else 'readwise'}/Walden.md")
        assert f"> Simplify.\n\n^{name}{made.id}\n\n- Note: both\n" in note


def test_add_makes_a_highlight_where_the_note_is_of(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    assert owner.run("add", "work:40000010", "Simplify.").code == 0
    assert [len(book.highlights) for book in owner.reader.library.books.values()] == [1]
    assert [len(book.highlights) for book in owner.other.library.books.values()] == [2]


def test_deleting_here_deletes_there_only_in_the_account_that_is_asked_to(owner: Owner) -> None:
    owner.configure(TOML + 'on_local_delete = "delete"\n')
    owner.book("Walden", "I went to the woods.", "Simplify.")
    owner.export()
    for path in ("readwise/Walden.md", "work/Walden.md"):
        text = owner.reader.text(path)
        owner.reader.write(path, text[: text.index("> Simplify.")] + "Mine.\n")
    (book,) = owner.other.library.books.values()
    gone = book.highlights[1].id
    owner.sync()
    assert owner.writes == ([], [f"DELETE v2/highlights/{gone}/"])


def test_undo_gives_back_what_was_sent_to_each_account(owner: Owner) -> None:
    (_, mine), (_, theirs) = owner.book(*WOODS)
    owner.export()
    owner.type("readwise/Walden.md", "- Note: \n", "- Note: for me\n")
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    owner.sync()
    assert owner.run("undo").code == 0
    assert (mine.note, theirs.note) == ("", "")
    assert "for us" in owner.reader.text("work/Walden.md")


def test_refusal_names_the_section_of_the_account(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    owner.type("work/Walden.md", "> I went to the woods.", "> I went to the pond.")
    said = owner.run("status").out
    assert 'add "text" to push of [sources.work] in vaultsync.toml' in said


# One fails.


def refused(owner: Owner, _patch: pytest.MonkeyPatch) -> None:
    owner.other.faults.order(status(401, {"detail": "Invalid token."}), times=100)


def unreachable(owner: Owner, _patch: pytest.MonkeyPatch) -> None:
    owner.other.__exit__(None, None, None)


def without_token(_owner: Owner, patch: pytest.MonkeyPatch) -> None:
    patch.delenv("READWISE_TOKEN_WORK")


def moved_away(owner: Owner, _patch: pytest.MonkeyPatch) -> None:
    owner.configure(TOML.replace("{other.base_url}", "https://elsewhere.example/api"))


@pytest.mark.parametrize("trouble", [refused, unreachable, without_token, moved_away])
def test_account_that_fails_stops_no_other_and_loses_nothing(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Owner, pytest.MonkeyPatch], None]
) -> None:
    monkeypatch.setattr("vaultsync.http.FIRST_PAUSE", 0.0)
    (_, mine), (_, theirs) = owner.book(*WOODS)
    owner.export()
    owner.type("readwise/Walden.md", "- Note: \n", "- Note: for me\n")
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    before = owner.reader.text("work/Walden.md")
    owner.reader.book("Emma", "Handsome, clever, and rich.")
    trouble(owner, monkeypatch)
    report = owner.sync("--full", code=1).json
    assert report["notes"]["created"] == 1
    assert report["edits"] == {"sent": 1, "waiting": 1, "conflicts": 0, "refused": 0}
    assert {error["message"].partition(":")[0] for error in report["errors"]} == {"work"}
    assert (mine.note, theirs.note) == ("for me", "")
    assert (owner.reader.text("work/Walden.md"), owner.reader.trashed()) == (before, [])


def test_first_account_that_fails_does_not_keep_the_second_from_its_turn(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    owner.book(*WOODS)
    report = owner.export(code=1).json
    assert [error["message"] for error in report["errors"]] == ["readwise: no token. Nothing was sent."]
    assert owner.reader.paths() == ["work/Walden.md"]


def test_without_any_token_nothing_is_begun(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN")
    monkeypatch.delenv("READWISE_TOKEN_WORK")
    run = owner.run("export")
    assert (run.code, owner.reader.paths()) == (2, [])
    assert "readwise: no token" in run.err


TWO_OF_A_PLUGIN = """
[sources.shelf]
[sources.attic]
type = "shelf"
broken = {broken}
"""
SHELF_PLUGIN = """
from vaultsync.testing import MemorySource, Shelf

class Settings(msgspec.Struct):
    broken: str = ""

class Source(MemorySource):
    name, prefixes = "shelf", ("shelf", "page")

    def __init__(self, settings):
        shelf = Shelf()
        shelf.put(Document(id="shelf:1", title="Walden", source="shelf"))
        if settings.broken == "made":
            raise RuntimeError("no shelf")
        super().__init__(shelf)
        self.broken = settings.broken == "asked"

    def pages(self, fetch):
        for page in super().pages(fetch):
            if self.broken:
                raise RuntimeError("it fell down")
            yield page

""" + hook("vaultsync_sources", "return (SourcePlugin('shelf', Settings, '', lambda settings, _: Source(settings)),)")


@pytest.mark.parametrize("broken", ["made", "asked"])
def test_plugin_that_raises_for_one_account_works_for_the_other(owner: Owner, install: Install, broken: str) -> None:
    install("shelves", SHELF_PLUGIN)
    owner.configure(TOML + TWO_OF_A_PLUGIN.format(broken='""'))
    owner.export()
    assert owner.reader.paths() == ["attic/Walden.md", "shelf/Walden.md"]
    owner.configure(TOML + TWO_OF_A_PLUGIN.format(broken=f'"{broken}"'))
    report = owner.export("--full", code=1).json
    assert [error["message"].partition(":")[0] for error in report["errors"]] == ["attic"]
    assert owner.reader.paths() == ["attic/Walden.md", "shelf/Walden.md"]


def test_option_of_a_plugin_that_is_called_type_stays_its_own(owner: Owner, install: Install) -> None:
    install("shelves", SHELF_PLUGIN.replace("    broken: str", '    type: str = "oak"\n    broken: str'))
    owner.configure(TOML + '[sources.shelf]\ntype = "pine"\n')
    owner.export()
    assert owner.reader.paths() == ["shelf/Walden.md"]


# What is gone.


def test_document_deleted_in_one_account_takes_only_that_accounts_note(owner: Owner) -> None:
    owner.configure(TOML + LINKS)
    for account in (owner.reader.simulator.linkding, owner.other.linkding):
        account.add("https://example.org/a", title="A page")
    owner.export()
    owner.other.linkding.add("https://example.org/b", title="Another")
    owner.other.linkding.delete(1)
    owner.export("--full")
    assert owner.reader.paths() == ["linkding/A page.md", "links/Another.md"]
    assert owner.reader.trashed() == ["A page.md"]


def test_account_that_lists_nothing_at_all_stops_before_its_notes_are_touched(owner: Owner) -> None:
    owner.configure(TOML + LINKS)
    for account in (owner.reader.simulator.linkding, owner.other.linkding):
        account.add("https://example.org/a", title="A page")
    owner.export()
    owner.other.linkding.delete(1)
    run = owner.export("--full", code=3)
    assert "links lists no documents at all" in str(run.json["errors"])
    assert owner.reader.paths() == ["linkding/A page.md", "links/A page.md"]


def test_section_that_is_taken_out_leaves_its_notes_and_what_was_typed_in_them(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    owner.sync()
    text = owner.reader.text("work/Walden.md")
    owner.configure(TOML.partition("[sources.work]")[0])
    for args in (("--full",), ("--allow-removals",)):
        assert owner.sync(*args).json["notes"]["trashed"] == 0
    assert (owner.reader.text("work/Walden.md"), owner.writes) == (text, ([], []))
    assert "1 note of work, which vaultsync.toml has no more; nothing is done about them." in owner.run("status").out
    undone = owner.run("undo")
    assert (undone.code, "Put [sources.work] back" in undone.err) == (1, True)
    owner.configure()
    assert owner.sync().counts == (0, 0, 2, 0)


# State and names that change.


def test_without_state_each_account_takes_over_its_own_notes(owner: Owner) -> None:
    owner.configure(TOML + 'documents = "all"\n')
    owner.book(*WOODS)
    owner.other.library.add_reader_document("On Noise", source_url="https://example.org/noise")
    owner.export()
    owner.reader.type("work/Walden.md")
    before = owner.reader.files()
    without_state(owner)
    assert owner.export().json["edits"]["conflicts"] == 0
    assert owner.reader.files() == before
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    assert owner.sync().json["edits"]["sent"] == 1


def renamed(text: str) -> str:
    """A note as docs/accounts.md says to change it when work becomes office."""
    return text.replace('vaultsync_id: "work', 'vaultsync_id: "office').replace("^work-", "^office-")


def test_account_renamed_as_documented_keeps_its_notes(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (_, theirs) = owner.book(*WOODS)
    owner.export()
    owner.type("work/Walden.md", "- Note: \n", "- Note: for us\n")
    owner.reader.type("work/Walden.md")
    owner.sync()
    owner.configure(TOML.replace("sources.work", "sources.office"))
    monkeypatch.setenv("READWISE_TOKEN_OFFICE", owner.other.token)
    owner.reader.write("work/Walden.md", renamed(owner.reader.text("work/Walden.md")))
    before = owner.reader.files()
    assert owner.export().counts == (0, 0, 2, 0)
    assert owner.reader.files() == before
    assert "nothing is done" not in owner.run("status").out
    owner.type("work/Walden.md", "for us", "for all of us")
    assert owner.sync().json["edits"]["sent"] == 1
    assert theirs.note == "for all of us"


def test_account_renamed_without_a_thought_leaves_the_old_notes_and_writes_its_own(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.book(*WOODS)
    owner.export()
    owner.reader.type("work/Walden.md")
    before = owner.reader.text("work/Walden.md")
    owner.configure(TOML.replace("sources.work", "sources.office"))
    monkeypatch.setenv("READWISE_TOKEN_OFFICE", owner.other.token)
    assert owner.export().counts == (1, 0, 2, 0)
    assert owner.reader.paths() == ["office/Walden.md", "readwise/Walden.md", "work/Walden.md"]
    assert owner.reader.text("work/Walden.md") == before
    assert owner.run("undo").code == 0
    assert owner.reader.paths() == ["readwise/Walden.md", "work/Walden.md"]


def test_account_that_is_at_another_source_now_is_refused_before_its_notes_are_mixed_up(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    before = owner.reader.contents()
    owner.configure(TOML.partition("[sources.work]")[0] + LINKS.replace("sources.links]", "sources.work]"))
    run = owner.run("sync")
    assert run.code == 2
    assert "[sources.work] was of the type readwise, and is of the type linkding now. Nothing was done." in run.err
    assert {**owner.reader.contents(), "vaultsync.toml": b""} == {**before, "vaultsync.toml": b""}
    assert "was of the type readwise" in owner.run("doctor").out


# Tokens and budgets.


def test_token_of_one_account_is_never_sent_for_another(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN_WORK")
    owner.book(*WOODS)
    report = owner.export(code=1).json
    assert list(owner.other.log) == []
    assert "READWISE_TOKEN_WORK" in report["errors"][0]["hint"]
    assert "https://readwise.io/access_token" in report["errors"][0]["hint"]


def test_shared_vault_can_name_no_variable_that_is_not_a_token_of_its_kind(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", owner.other.token)
    owner.configure(TOML.replace("sources.work", "sources.github"))
    report = owner.export(code=2).json
    assert [error["message"] for error in report["errors"]] == ["github: no token. Nothing was sent."]
    assert list(owner.other.log) == []


def test_auth_keeps_a_token_for_each_account(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READWISE_TOKEN_WORK")
    monkeypatch.setattr("sys.stdin", io.StringIO(owner.reader.simulator.token))
    wrong = owner.run("auth", "work")
    assert (wrong.code, "work: token refused (401)" in wrong.err) == (2, True)
    monkeypatch.setattr("sys.stdin", io.StringIO(owner.other.token))
    run = owner.run("auth", "work")
    assert run.code == 0
    assert run.out.startswith(f"work: token accepted by {owner.other.base_url.removesuffix('/api')}, and kept in ")
    owner.book(*WOODS)
    assert owner.export().counts == (2, 0, 0, 0)
    assert {"readwise", "work"} == json.loads((config_folder() / "origins.json").read_text())["used"].keys()
    assert owner.run("auth", "work", "--forget").code == 0
    assert owner.export(code=2).json["errors"][0]["message"] == "work: no token. Nothing was sent."


def config_folder() -> Path:
    return Path(os.environ["VAULTSYNC_CONFIG_DIR"])


def test_auth_of_an_account_there_is_not_names_those_there_are(owner: Owner) -> None:
    run = owner.run("auth", "wrok")
    assert (run.code, run.err) == (
        2,
        'Error: There is no source "wrok". Nothing was done.\nInstalled: readwise, work, linkding.\n',
    )


@pytest.mark.parametrize("tokens", [("same", "same"), ("one", "other")])
def test_accounts_with_one_token_keep_its_limits_together(
    reader: Reading, monkeypatch: pytest.MonkeyPatch, tokens: tuple[str, str]
) -> None:
    clock, library = HandClock(), Library()
    documents = [library.add_reader_document(f"Page {number}").id for number in range(15)]
    for name, token in zip(("READWISE_TOKEN", "READWISE_TOKEN_WORK"), tokens, strict=True):
        monkeypatch.setenv(name, token)
    with Simulator(library, token=tokens[0], clock=clock) as one, Simulator(library, token=tokens[1]) as two:
        two.limits = one.limits  # one service, which counts by token
        (reader.vault / "vaultsync.toml").write_text(
            f'[sources.readwise]\nbase_url = "{one.base_url}"\n'
            f'[sources.work]\ntype = "readwise"\nbase_url = "{(one if tokens[0] == tokens[1] else two).base_url}"\n'
        )
        stand = workspace.Stand(http={"clock": clock, "sleep": clock.forward})
        only = tuple(f"{prefix}:{one}" for prefix in ("reader", "work-reader") for one in documents)
        with workspace.opened(reader.vault, env=os.environ, stand=stand, writing="a test") as opened:
            report = run(opened, "export", pull=Options(only=only))
        statuses = [exchange.status for log in (one.log, two.log) for exchange in log]
    assert (report.exit_code, len(statuses), set(statuses)) == (0, 30, {200})
    assert (clock() > 1060.0) == (tokens[0] == tokens[1])


# Commands.


def test_address_two_accounts_have_is_fetched_for_both_and_asked_about_where_one_is_meant(owner: Owner) -> None:
    url = "https://example.org/essay"
    owner.book("On Noise", "Silence is a fence.", source_url=url)
    owner.export()
    assert owner.export("--only", url).json["requests"] == 2
    assert len(owner.reader.simulator.log) == len(owner.other.log) == 1
    assert owner.export("--only", url, "--source", "work").json["requests"] == 1
    asked = owner.run("diff", url)
    assert (asked.code, asked.err) == (
        2,
        f"Error: readwise:40000010 and work:40000010 have the address {url}. Nothing was done.\n"
        "Name the one you mean by its id.\n",
    )
    assert owner.run("push", "--only", url, "--source", "work").code == 0


def test_save_takes_the_account_it_is_told_or_the_only_one(owner: Owner) -> None:
    assert owner.run("save", "https://example.org/a", "--source", "work").code == 0
    assert (len(owner.reader.library.documents), len(owner.other.library.documents)) == (0, 1)
    saved = owner.run("save", "https://example.org/b", "--json", "--source", "work").json["saved"][0]
    assert saved["id"].startswith("work-reader:")
    owner.configure(TOML.replace("[sources.readwise]", "[sources.home]\ntype = 'readwise'"))
    asked = owner.run("save", "https://example.org/c")
    assert (asked.code, "Add --source: home, work." in asked.err) == (2, True)


def test_save_needs_no_name_where_only_one_account_can(owner: Owner) -> None:
    owner.configure(TOML.partition("[sources.readwise]")[0] + "[sources.work]" + TOML.partition("[sources.work]")[2])
    assert owner.run("save", "https://example.org/a").code == 0
    assert len(owner.other.library.documents) == 1


def test_reviews_of_two_accounts_are_two_notes_that_embed_their_own_blocks(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    assert owner.run("review").code == owner.run("review", "--source", "work").code == 0
    reviews = [path for path in owner.reader.paths() if "Reviews" in path]
    assert [path.partition(" ")[2] for path in reviews] == ["(work).md", ""]
    assert "![[work/Walden#^work-rw800000009]]\n" in owner.reader.text(reviews[0])
    assert "![[readwise/Walden#^rw800000009]]\n" in owner.reader.text(reviews[1])
    assert "unchanged" in owner.run("review", "--source", "work").out


def test_foreign_note_that_may_be_of_either_account_is_left_until_one_is_named(owner: Owner) -> None:
    owner.book("Walden", "I went to the woods.", "Simplify, simplify.", author="Thoreau")
    note = "# Walden\n\n- Author: Thoreau\n\n- I went to the woods.\n- Simplify, simplify.\n"
    owner.reader.write("Old/Walden.md", note)
    left = owner.run("adopt", "--yes")
    assert 'It may be of "Walden" (readwise:40000010), "Walden" (work:40000010).' in left.out
    taken = owner.run("adopt", "--yes", "--source", "work")
    assert (taken.code, "1 note taken over." in taken.out) == (0, True)
    text = owner.reader.text("Old/Walden.md")
    assert 'vaultsync_id: "work:40000010"' in text
    assert "- I went to the woods. ^work-rw800000009\n" in text


def test_doctor_plugins_and_init_know_the_accounts(owner: Owner) -> None:
    owner.configure(TOML + LINKS)
    said = owner.run("doctor").out
    assert "sources: readwise, work (readwise), linkding, links (linkding)." in said
    assert f"work       {owner.other.base_url} accepts the token." in said
    assert "accounts here: readwise, work" in owner.run("plugins").out
    said = f'links: token accepted. Next, in {owner.reader.vault}: "vaultsync export".'
    assert said in owner.run("init", str(owner.reader.vault)).out


# Mistakes in vaultsync.toml.


@pytest.mark.parametrize(
    ("section", "says", "hint"),
    [
        ("[sources.wrok]", 'no plugin brings a source "wrok"', 'type = "linkding"'),
        ('[sources.x]\ntype = "linkdng"', 'no plugin brings a source "linkdng"', 'Did you mean "linkding"?'),
        ('[sources.x]\ntype = "work"', '"work" is an account itself, and no type', "Installed: readwise, linkding."),
        ('[sources.x]\ntype = "x"', 'no plugin brings a source "x"', 'type = "linkding"'),
        ("[sources.x]\ntype = 3", "type is no text", 'type = "linkding"'),
        ('[sources.linkding]\ntype = "readwise"', "linkding is a source itself", "[sources.my-readwise]"),
        ('[sources.Work]\ntype = "readwise"', '"Work" is no name for an account', "small letters"),
        ('[sources.a_b]\ntype = "readwise"', '"a_b" is no name for an account', "single dashes"),
        ('[sources.a--b]\ntype = "readwise"', '"a--b" is no name for an account', "single dashes"),
        ('[sources."../x"]\ntype = "readwise"', '"../x" is no name for an account', "begins with a letter"),
        ('[sources.w-ork]\ntype = "readwise"', "of w-ork and of work would both begin with work-", "other letters"),
        (
            '[sources.work-reader]\ntype = "linkding"\nbase_url = "{other.linkding_url}"',
            'would both have ids that begin with "work-reader:"',
            "otherwise",
        ),
        ('[sources.reader]\ntype = "readwise"', 'would both have ids that begin with "reader:"', "otherwise"),
        ('[sources.work]\ntype = "readwise"', "is not valid TOML", "quotes"),
    ],
)
def test_mistake_about_an_account_is_named_with_what_to_do(owner: Owner, section: str, says: str, hint: str) -> None:
    owner.configure(TOML + f"\n{section}\n")
    ran = owner.run("export")
    message, _, told = ran.err.partition("\n")
    assert (ran.code, says in message, hint in told) == (2, True, True), ran.err
    assert owner.reader.paths() == []


def test_state_of_a_vault_without_named_accounts_knows_no_types(reader: Reading) -> None:
    reader.book(*WOODS)
    reader.export()
    assert [row for row in reader.rows() if row[0] == "cursors" and row[1].startswith("type:")] == []


def test_template_that_changes_is_not_held_up_by_notes_of_a_section_that_is_gone(owner: Owner) -> None:
    for number in range(UNATTENDED + 1):
        owner.other.library.add_highlight(owner.other.library.add_book(f"Book {number}"), "Words.")
    owner.export()
    owner.configure(TOML.partition("[sources.work]")[0])
    standby = Standby(owner.reader.vault, os.environ, workspace.Stand(), allowed=False)
    try:
        owner.reader.write("T/document.md", TEMPLATE + "More.\n")
        assert standby.refresh() is False
    finally:
        standby.close()


# docs/accounts.md.

PAGE = (Path(__file__).parent.parent / "docs/accounts.md").read_text("utf-8")


def documented(name: str) -> str:
    """A block of code of the page."""
    (code,) = re.findall(rf"^```\w+ {name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(code)


def test_example_of_the_page_makes_the_accounts_its_table_tells_of(tmp_path: Path) -> None:
    (tmp_path / "vaultsync.toml").write_text(documented("example"))
    made = accounts(config.load(tmp_path), Host.load({"VAULTSYNC_PLUGINS": ""}).sources())
    assert list(made) == ["readwise", "work", "linkding", "home-lab"]
    for name, ids in (("readwise", "readwise:12"), ("work", "work:12"), ("home-lab", "home-lab:12")):
        assert Names(made[name]).key(f"{made[name].type}:12") == ids
        assert all(f"`{said}`" in PAGE for said in (ids, made[name].variable, f"auth {name}"))
    assert f"`^{made['work'].blocks}rw456`" in PAGE
    assert f"`^{made['home-lab'].blocks}`" in PAGE


def test_account_renamed_by_the_command_of_the_page_keeps_notes_and_links(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.configure(TOML + 'documents = "all"\n')
    owner.book(*WOODS)
    owner.other.library.add_reader_document("On Noise", source_url="https://example.org/noise")
    owner.export()
    owner.reader.write("My day.md", "See [[Walden#^work-rw800000009]]; at ^work-shop.\n")
    mine = owner.reader.text("readwise/Walden.md")
    subprocess.run(["bash", "-c", documented("rename")], cwd=owner.reader.vault, check=True)
    owner.configure(TOML.replace("sources.work", "sources.office") + 'documents = "all"\n')
    monkeypatch.setenv("READWISE_TOKEN_OFFICE", owner.other.token)
    assert owner.export().counts == (0, 0, 3, 0)
    assert owner.reader.text("My day.md") == "See [[Walden#^office-rw800000009]]; at ^work-shop.\n"
    assert owner.reader.text("readwise/Walden.md") == mine
    assert "\n^office-rw800000009\n" in owner.reader.text("work/Walden.md")
    assert 'vaultsync_id: "office-reader:' in owner.reader.text("work/On Noise.md")


def test_an_account_of_another_name_that_is_empty_is_asked_again_by_the_next_run(owner: Owner) -> None:
    owner.configure(TOML[: TOML.index("[sources.readwise]")] + TOML[TOML.index("[sources.work]") :])
    owner.export()
    owner.other.library.add_highlight(owner.other.library.add_book("Walden"), "Simplify.")
    assert owner.export().counts == (1, 0, 0, 0)


def test_a_run_without_news_begins_no_transaction_however_many_accounts_there_are(owner: Owner) -> None:
    owner.book(*WOODS)
    owner.export()
    effects: list[str] = []
    with observed(effects.append):
        assert owner.export().counts == (0, 0, 2, 0)
    assert "state.begin" not in effects


@pytest.mark.parametrize("own", ["shelf:1", "page:1"])
@pytest.mark.parametrize("name", ["attic", "shelf", "shelf-attic", "page"])
def test_key_put_into_the_accounts_words_and_back_is_what_it_was(name: str, own: str) -> None:
    names = Names(Account(name, "shelf"))
    assert names.own_key(names.key(own)) == own


def test_sentence_of_a_source_names_the_account_and_leaves_the_rest() -> None:
    names = Names(Account("work", "shelf"))
    said = 'shelf: it fell down; see [sources.shelf], or "vaultsync auth shelf". A shelf: [sources.shelves].'
    told = 'work: it fell down; see [sources.work], or "vaultsync auth work". A shelf: [sources.shelves].'
    assert names.said(said) == told
