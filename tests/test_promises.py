"""The promises of docs/guarantees.md, one test each: the smallest story that shows it, told through the command."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copy, copytree

import pytest

from tests.export_case import Reading, reader
from tests.stop_case import Scene, observed
from tests.test_merging import block, lose_state, replace
from tests.test_push import push, type_note, type_tags, writes
from vaultsync.http import Http
from vaultsync.simulator import faults
from vaultsync.simulator.records import Highlight
from vaultsync.storage.lock import writer_lock

__all__ = ["reader"]

HIGHLIGHTS = "/api/v2/highlights/"
LOCKING = ("lock.open", "lock.lock", "lock.truncate", "lock.write")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries take no time."""
    defaults = Http.__init__.__kwdefaults__ or {}
    monkeypatch.setattr(Http.__init__, "__kwdefaults__", {**defaults, "sleep": lambda _seconds: None})


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is kept what can be edited in the template: finding out takes longer than a promise."""
    return tmp_path_factory.mktemp("tried")


@pytest.fixture(autouse=True)
def tried_once(reader: Reading, tried: Path) -> Iterator[None]:
    """What the first vault found out, the others know."""
    copytree(tried, reader.state / "lint", dirs_exist_ok=True)
    yield
    for found in (reader.state / "lint").glob("*.json"):
        copy(found, tried)


def sync(reader: Reading, *args: str, code: int = 0) -> dict[str, int]:
    """Sync both ways, and return the counts of edits. The log holds what the service was asked by that."""
    reader.simulator.log.clear()
    run = reader.run("sync", "--json", *args)
    assert run.code == code, (run.code, run.out, run.err)
    edits: dict[str, int] = run.json["edits"]
    return edits


def notes(highlights: list[Highlight]) -> list[str]:
    """What the service holds as notes on highlights."""
    return [one.note for one in highlights]


def shelf(reader: Reading, number: int) -> list[Highlight]:
    """So many books with one highlight each, exported."""
    highlights = [reader.book(f"Book {at:02}", "one")[1][0] for at in range(number)]
    reader.export()
    return highlights


def test_promise_01_no_user_text_is_ever_lost(reader: Reading) -> None:
    book, (one, two) = reader.book("Walden", "one", "two")
    gone, _ = reader.book("Gone", "three")
    reader.export()
    mine = ["mine: 5 # of five", "Above it all.", "- Note: unsent", "Within a block.", "Between blocks.", "At the end."]
    replace(reader, "Walden.md", "---\n# Walden\n", f"{mine[0]}\n---\n{mine[1]}\n\n# Walden\n")
    replace(reader, "Walden.md", block(one, "one"), f"{block(one, 'one', 'unsent')}{mine[3]}\n\n{mine[4]}\n")
    reader.type("Walden.md", f"\n{mine[5]}\n")
    reader.type("Gone.md", "\nOn what is gone.\n")
    reader.library.edit_highlight_in_app(two.id, note="theirs", tags=["new"])
    reader.library.add_highlight(book, "four")
    reader.library.delete_highlight(one.id)
    reader.library.delete_book(gone.id)
    template = reader.vault / "T/document.md"
    template.write_text(template.read_text().replace("Tags:", "Tagged:") + "\nThe end.\n")
    sync(reader, "--full")
    assert [line for line in reader.text("Walden.md").splitlines() if line in mine] == mine
    assert "> four" in reader.text("Walden.md") and "- Tagged: #new" in reader.text("Walden.md")
    assert reader.text("Gone.md").endswith("\nOn what is gone.\n")


def test_promise_02_a_crash_at_any_step_ends_as_an_uninterrupted_run(reader: Reading) -> None:
    _, (_, two) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "typed")
    reader.library.edit_highlight_at_source(two.id, text="two, mended")
    reader.run("status")  # tries what can be edited in the template, once
    scene = Scene(reader, command="sync")
    names = scene.effects()
    expected = scene.outcome()
    for number in range(1, len(names), 8):  # test_stops.py stops at each
        scene.set_up()
        scene.stopped(number)
        assert (scene.run(), scene.outcome()) == (0, expected), names[number - 1]


def test_promise_03_a_save_landing_during_a_write_survives(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    typed: list[str] = []
    effects = 0

    def save(effect: str) -> None:
        nonlocal effects
        effects += effect.startswith("vault.")
        if effects == wanted and len(typed) < wanted:
            typed.append(f"Saved before effect {wanted}.\n")
            reader.type("Walden.md", typed[-1])

    for wanted in range(1, 7):  # no system takes more than that for a note
        effects = 0
        reader.library.edit_highlight_at_source(one.id, text=f"mended {wanted}")
        with observed(save):
            reader.run("export")
        reader.export()
        assert f"> mended {wanted}\n" in reader.text("Walden.md")
    assert len(typed) > 3
    assert [line for line in reader.text("Walden.md").splitlines(keepends=True) if line in typed] == typed


def test_promise_04_a_conflict_keeps_both(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_highlight_in_app(one.id, note="Theirs.")
    assert sync(reader, "--full", code=3)["conflicts"] == 1
    both = block(one, "one", "Mine.") + f"\n> [!vaultsync-conflict] note [[#^rw{one.id}]]\n> Theirs.\n"
    assert both in reader.text("Walden.md")
    sync(reader, code=3)
    assert (one.note, writes(reader)) == ("Theirs.", [])


def test_promise_05_mass_deletions_stop(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    highlights = shelf(reader, 12)
    before = reader.contents()
    for one in highlights[:6]:
        reader.library.delete_book(one.book_id)
    assert "--allow-removals" in reader.export(code=3).err
    assert reader.contents() == before
    for path in reader.paths()[6:]:
        (reader.vault / path).unlink()
    assert "--yes" in reader.run("push").err
    assert writes(reader) == []


def test_promise_06_absence_is_not_deletion(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    for place in ("new", "later", "archive"):
        reader.library.add_reader_document(f"Essay, {place}", location=place)
    new, later, archived = reader.library.documents
    reader.simulator.readwise.pages = 1  # books on a page
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.book("Essays", "three")
    reader.export()
    replace(reader, "Walden.md", block(one, "one") + "\n", "")
    (reader.vault / "Essay, new.md").unlink()
    before = reader.contents()
    reader.library.move_reader_document(archived, "feed")  # which is not listed
    reader.simulator.faults.order(faults.page_missing(), path="/api/v3/list/", nth=2)
    reader.simulator.faults.order(faults.page_missing(), path="/api/v2/export/", nth=2)
    sync(reader, "--full")
    assert (reader.contents(), writes(reader)) == (before, [])
    assert list(reader.library.documents) == [new, later, archived] and not one.deleted


def test_promise_07_what_cannot_be_read_with_certainty_is_not_sent(reader: Reading) -> None:
    _, highlights = reader.book("Walden", "one", "two", "three")
    one, two, three = highlights
    reader.export()
    whole = reader.text("Walden.md")
    label = whole.replace(block(one, "one"), block(one, "one").replace("- Note: ", "- Thought: Mine."))
    copies = whole + block(two, "two", "In the copy.")
    half = whole.replace(block(three, "three"), block(three, "three", "A long note"))[: -len(" note\n- Tags: \n\n")]
    for text in (label, copies, half, ""):
        reader.write("Walden.md", text)
        reader.run("push")
        assert (writes(reader), notes(highlights)) == ([], ["", "", ""])
        assert "Walden.md" in reader.run("status").out


def test_promise_08_two_syncs_converge(reader: Reading) -> None:
    book, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    reader.library.quirks.texts_trimmed = reader.library.quirks.tags_lower_cased = True
    type_note(reader, "Walden.md", "Mine.")
    type_tags(reader, "Walden.md", "#Mine")
    reader.library.edit_highlight_in_app(one.id, tags=["theirs"])
    reader.library.edit_highlight_in_app(two.id, note="Theirs.")
    reader.library.edit_book(book.id, title="Walden, revised")
    sync(reader)
    sync(reader, "--full")
    assert (one.note, {tag.name for tag in one.tags}) == ("Mine.", {"mine", "theirs"})
    assert f"{block(one, 'one', 'Mine.', '#theirs #Mine')}\n{block(two, 'two', 'Theirs.')}" in reader.text("Walden.md")
    files = reader.files()
    sync(reader, "--full")
    assert (reader.files(), writes(reader)) == (files, [])


def test_promise_09_nothing_to_do_writes_nothing(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    reader.type("Walden.md")
    for _ in range(2):  # the second hears of what the first one sent
        sync(reader)
    files, rows = reader.files(), reader.rows()
    did: list[str] = []
    for how in ((), ("--full",)):
        with observed(did.append):
            sync(reader, *how)
        assert {request.method for request in reader.simulator.log} == {"GET"}
    assert (reader.files(), reader.rows()) == (files, rows)
    # Who is at work, and the line in the history ("state.write"); no transaction was even begun.
    assert set(did) - {"http.request"} == {*LOCKING, "state.mkdir", "state.open", "state.write", "state.close"}


def test_promise_10_there_is_no_echo(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    assert push(reader)["sent"] == 0
    reader.library.quirks.texts_trimmed = reader.library.quirks.tags_lower_cased = True
    type_note(reader, "Walden.md", "two\n\n  lines")
    type_tags(reader, "Walden.md", "#Solitude")
    files = reader.files()
    assert push(reader)["sent"] == 2
    assert ([tag.name for tag in one.tags], reader.files()) == (["solitude"], files)
    for _ in range(2):
        assert (sync(reader, "--full")["sent"], writes(reader)) == (0, [])
    assert reader.files() == files


def test_promise_11_nothing_is_written_at_a_service_without_a_fresh_read(
    reader: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    highlights = shelf(reader, 2)
    here = os.environ["VAULTSYNC_STATE_DIR"]
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", f"{here}-of-another-machine")
    sync(reader)
    for path in reader.paths():
        type_note(reader, path, "Mine.")
        type_tags(reader, path, "#mine")
    assert sync(reader)["sent"] == 4
    asked = [(one.method, one.path) for one in reader.simulator.log]
    for at, (method, path) in enumerate(asked):
        thing = "/".join(path.split("/")[:5]) + "/"
        assert method == "GET" or ("GET", thing) in asked[:at]
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", here)
    assert (sync(reader)["sent"], writes(reader), notes(highlights)) == (0, [], ["Mine.", "Mine."])


def test_promise_12_outside_our_blocks_and_keys_no_byte_changes(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    replace(reader, "Walden.md", "tags: []\n", "tags: []\n# a remark\nrating:   5   # of five\nlist: [ a,b ]\n")
    replace(reader, "Walden.md", "> two", "*  a list\n\t- of   mine  \n\n\n\n> two")
    lines = reader.text("Walden.md") + "\nNo line end behind this"
    mine = "\ufeff" + lines.replace("\n", "\r\n")
    reader.write("Walden.md", mine)
    reader.library.edit_highlight_in_app(one.id, text="one, mended", tags=["new"])
    reader.library.edit_highlight_in_app(two.id, note="Theirs.")
    sync(reader, "--full")
    theirs = mine.replace("> one\r\n", "> one, mended\r\n").replace("- Tags: \r\n", "- Tags: #new\r\n", 1)
    at = theirs.rindex("- Note: ") + len("- Note: ")
    assert reader.text("Walden.md") == f"{theirs[:at]}Theirs.{theirs[at:]}"


def test_promise_13_edits_made_offline_arrive_once(reader: Reading) -> None:
    [one] = shelf(reader, 1)
    type_note(reader, "Book 00.md", "Mine.")
    offline = faults.connection_reset()
    for fault, method in ((offline, None), (offline, "PATCH"), (faults.reply_lost(), "PATCH")):
        reader.simulator.faults.order(fault, path="/api/", method=method, times=None)
        assert push(reader, code=1)["waiting"] == 1
        reader.simulator.faults.clear()
    assert one.note == "Mine."  # it arrived, and nobody heard of it
    assert (push(reader)["sent"], sync(reader, "--full")["sent"], writes(reader)) == (0, 0, [])


def test_promise_14_creates_happen_once(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    reader.library.quirks.tags_repeat = True
    book, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    type_tags(reader, "Walden.md", "#mine")
    replace(reader, "Walden.md", block(two, "two") + "\n", "")
    reader.simulator.faults.order(faults.reply_lost(), path=HIGHLIGHTS, method="POST")
    push(reader)
    assert ([tag.name for tag in one.tags], two.deleted) == (["mine"], True)
    reader.simulator.faults.order(faults.reply_lost(), path=HIGHLIGHTS, method="POST")
    assert reader.run("undo").code == 3
    assert sorted(highlight.text for highlight in book.live) == ["one", "two"]


def test_promise_15_renames_and_moves_are_followed(reader: Reading) -> None:
    [one] = shelf(reader, 1)
    type_note(reader, "Book 00.md", "Mine.")
    (reader.vault / "Woods").mkdir()
    (reader.vault / "Book 00.md").rename(reader.vault / "Woods/book 00.md")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    assert sync(reader)["sent"] == 1
    assert one.note == "Mine."
    assert reader.paths() == ["Woods/book 00.md"]
    assert block(one, "one, mended", "Mine.") in reader.text("Woods/book 00.md")


def test_promise_16_no_path_leaves_the_vault(reader: Reading) -> None:
    reader.export()
    outside = reader.vault.parent / "outside"
    outside.mkdir()
    (reader.vault / "link").symlink_to(outside)
    reader.configure(source='path = "{{ document.author }}/{{ document.title }}.md"')
    for title in ("../../up", "/root", "..", "CON", "a\0b", "x" * 400):
        reader.book(title, "one", author="..")
    reader.book("Linked", "one", author="link")
    before = sorted(reader.vault.parent.iterdir())
    assert "link" in reader.export(code=1).err
    assert len(reader.paths()) == 6
    assert (sorted(reader.vault.parent.iterdir()), list(outside.iterdir())) == (before, [])


def test_promise_17_no_reader_sees_half_a_note(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    was = reader.type("Walden.md")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    seen: list[tuple[list[str], str]] = []
    with observed(lambda _effect: seen.append((reader.paths(), reader.text("Walden.md")))):
        sync(reader)
    now = was.replace("> one", "> one, mended")
    assert list(dict.fromkeys(text for _, text in seen)) == [was, now]
    assert all(paths == ["Walden.md"] for paths, _ in seen)


def test_promise_18_state_is_disposable(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    reader.type("Walden.md")
    sync(reader)
    files = reader.files()
    lose_state(reader)
    sync(reader)
    assert (reader.files(), writes(reader)) == (files, [])
    lose_state(reader)
    type_note(reader, "Walden.md", "Unsent.", was="Mine.")
    sync(reader, code=3)
    assert "- Note: Unsent.\n" in reader.text("Walden.md") and "\n> Mine.\n" in reader.text("Walden.md")
    assert (writes(reader), one.note) == ([], "Mine.")


def test_promise_19_mass_changes_are_not_edits(reader: Reading) -> None:
    highlights = shelf(reader, 21)
    template = reader.vault / "T/document.md"
    template.write_text(template.read_text().replace("Note:", "Thought:"))
    for path in reader.paths():  # a linter
        text = reader.text(path).replace("\n- ", "\n* ").replace('title: "', "title: '").replace('"\ntags', "'\ntags")
        reader.write(path, re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
    assert (sync(reader)["sent"], writes(reader)) == (0, [])
    backup = reader.contents()
    for path in reader.paths():  # words replaced in all notes
        reader.write(path, reader.text(path).replace("Thought:", "Thought: everywhere"))
    assert (sync(reader, code=3)["waiting"], writes(reader)) == (21, [])
    assert sync(reader, "--yes")["sent"] == 21
    for path in reader.paths()[:2]:  # a backup
        (reader.vault / path).write_bytes(backup[path])
    assert (sync(reader, code=3)["waiting"], writes(reader)) == (2, [])
    assert set(notes(highlights)) == {"everywhere"}


def test_promise_20_there_is_one_writer(reader: Reading) -> None:
    shelf(reader, 1)
    type_note(reader, "Book 00.md", "Mine.")
    with writer_lock(reader.state, "vaultsync export"):
        refused = reader.run("sync")
    assert refused.code == 2
    assert f'"vaultsync export" (process {os.getpid()}' in refused.err and "Nothing was done" in refused.err
    assert sync(reader)["sent"] == 1


def test_promise_21_limits_and_refused_tokens_cost_no_data(reader: Reading) -> None:
    highlights = shelf(reader, 3)
    for path in reader.paths():
        type_note(reader, path, "Mine.")
    unauthorized = faults.status(401, {"detail": "Invalid token."})
    reader.simulator.faults.order(unauthorized, path=HIGHLIGHTS, method="PATCH", nth=2, times=None)
    assert push(reader, code=1) == {"sent": 1, "waiting": 2, "conflicts": 0, "refused": 0}
    reader.simulator.faults.clear()
    reader.simulator.readwise.pages = 1  # books on a page
    for one in highlights:
        reader.library.edit_highlight_at_source(one.id, text="mended")
    reader.simulator.faults.order(faults.too_many_requests(3600), path="/api/v2/export/", nth=2)
    assert sync(reader, code=1)["sent"] == 2
    reader.simulator.faults.order(faults.too_many_requests(1))
    sync(reader)
    assert notes(highlights) == ["Mine.", "Mine.", "Mine."]
    assert all("> mended\n" in reader.text(path) and "- Note: Mine.\n" in reader.text(path) for path in reader.paths())


def test_promise_22_a_dry_run_tells_the_truth(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.book("Essays", "two", "three")
    gone, _ = reader.book("Gone", "four")
    reader.export()
    reader.library.add_highlight(book, "five")
    reader.library.delete_book(gone.id)
    reader.book("New", "six")
    type_note(reader, "Essays.md", "Mine.")
    type_note(reader, "Essays.md", ".command")
    files, rows, runs = reader.files(), reader.rows(), (reader.state / "runs.jsonl").read_bytes()
    told = reader.run("sync", "--dry-run", "--json").json
    assert (reader.files(), reader.rows(), writes(reader)) == (files, rows, [])
    assert (reader.state / "runs.jsonl").read_bytes() == runs
    done = reader.run("sync", "--json").json
    assert told["notes"] == done["notes"]
    # A note whose edit was sent is what was agreed, from then on; nothing happens to it.
    assert told["changes"] == [one for one in done["changes"] if one["action"] != "adopt"]
    assert [one | {"fate": "sent"} if one["fate"] == "send" else one for one in told["outbox"]] == done["outbox"]
