"""Addresses saved into Reader, through the command: each once, and what was there already told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export_case import Reading, reader
from tests.test_push import writes
from vaultsync.simulator.faults import Fault, cut_off, reply_lost, status

__all__ = ["reader"]

URL = "https://example.org/on-noise"


def test_a_new_address_is_saved_with_all_that_was_said_of_it(reader: Reading, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<h1>Noise</h1>", "utf-8")
    run = reader.run(
        *("save", URL, "--tag", "quiet", "--tag", "later on", "--location", "later", "--note", "For the essay."),
        *("--title", "On Noise", "--html", str(page), "--summary", "Of loud places."),
    )
    (document,) = reader.library.documents.values()
    assert run.code == 0
    assert run.out == f"Saved: {URL}  https://read.readwise.io/new/read/{document.id}\n"
    assert (document.source_url, document.title, document.location) == (URL, "On Noise", "later")
    assert (list(document.tags), document.notes) == (["quiet", "later on"], "For the essay.")
    assert (document.html_content, document.summary) == ("<h1>Noise</h1>", "Of loud places.")


def test_what_was_saved_comes_with_the_next_export(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    reader.run("save", URL, "--title", "On Noise")
    reader.export()
    assert reader.paths() == ["On Noise.md"]


def test_an_address_reader_had_is_told_to_be_back_in_the_inbox(reader: Reading) -> None:
    document = reader.library.add_reader_document("On Noise", source_url=URL, location="archive")
    run = reader.run("save", URL)
    assert (run.code, document.location) == (0, "new")
    assert run.out.startswith(f"Known: {URL}  ")
    assert "moved it back to the inbox" in run.out


def test_an_address_reader_had_goes_where_it_was_asked_to_be(reader: Reading) -> None:
    document = reader.library.add_reader_document("On Noise", source_url=URL, location="archive")
    run = reader.run("save", URL, "--location", "later")
    assert (run.code, document.location) == (0, "later")
    assert "it is in later now" in run.out


def test_an_address_whose_document_is_known_is_not_sent(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    document = reader.library.add_reader_document("On Noise", source_url=URL, location="archive")
    reader.export()
    reader.simulator.log.clear()
    run = reader.run("save", URL)
    assert (run.code, document.location, list(reader.simulator.log)) == (3, "archive", [])
    assert run.out == f"Known: {URL}  On Noise.md\n  It was not sent; --again sends it all the same.\n"


def test_again_sends_it_all_the_same(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    document = reader.library.add_reader_document("On Noise", source_url=URL, location="archive")
    reader.export()
    assert reader.run("save", URL, "--again").code == 0
    assert document.location == "new"


def test_several_addresses_are_each_saved_once(reader: Reading) -> None:
    other = "https://example.org/on-quiet"
    run = reader.run("save", "--json", URL, other, URL)
    assert [(one["url"], one["new"]) for one in run.json["saved"]] == [(URL, True), (other, True)]
    assert len(reader.library.documents) == 2


def test_a_tag_is_sent_as_the_account_spells_it(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    reader.library.add_reader_document("On Noise", source_url=URL, tags=["to read", "2024"])
    reader.export()
    other = "https://example.org/on-quiet"
    assert reader.run("save", other, "--tag", "To-Read", "--tag", "y2024", "--tag", "quite new").code == 0
    [saved] = [one for one in reader.library.documents.values() if one.source_url == other]
    assert sorted(saved.tags) == ["2024", "quite new", "to read"]


@pytest.mark.parametrize("fault", [reply_lost(), cut_off(), status(503)])
def test_a_lost_answer_is_told_and_nothing_is_sent_twice(reader: Reading, fault: Fault) -> None:
    reader.simulator.faults.order(fault, path="/api/v3/save")
    run = reader.run("save", URL, "https://example.org/on-quiet")
    assert run.code == 1
    assert writes(reader) == [("POST", "/api/v3/save/")]
    assert f"it is not known whether {URL} was saved" in run.err
    assert "1 more was not sent." in run.err


def test_a_refusal_is_told_in_the_services_words_and_the_others_are_saved(reader: Reading) -> None:
    reader.simulator.faults.order(status(400), path="/api/v3/save")
    run = reader.run("save", URL, "https://example.org/on-quiet")
    assert (run.code, len(reader.library.documents)) == (1, 1)
    assert f"{URL} was not saved" in run.err


@pytest.mark.parametrize("url", ["on-noise", "ftp://example.org/a", "https://", "https://example.org/on noise"])
def test_what_is_no_address_is_refused_before_anything_is_sent(reader: Reading, url: str) -> None:
    run = reader.run("save", URL, url)
    assert run.code == 2
    assert f'"{url}" is no address of the web' in run.err
    assert list(reader.simulator.log) == []


def test_a_page_can_be_given_for_one_address_only(reader: Reading) -> None:
    assert reader.run("save", URL, "https://example.org/b", "--title", "On Noise").code == 2
    assert list(reader.simulator.log) == []


def test_archived_is_a_place(reader: Reading) -> None:
    reader.run("save", URL, "--archived")
    assert [one.location for one in reader.library.documents.values()] == ["archive"]
    assert reader.run("save", "https://example.org/b", "--archived", "--location", "later").code == 2


def test_what_reader_has_no_place_for_is_refused_before_anything_is_sent(reader: Reading) -> None:
    run = reader.run("save", URL, "--unread")
    assert (run.code, list(reader.simulator.log)) == (2, [])
    assert "leave out --unread and --shared" in run.err


def test_a_source_that_is_not_there_is_named(reader: Reading) -> None:
    run = reader.run("save", URL, "--source", "pocket")
    assert run.code == 2
    assert 'no source "pocket"' in run.err
