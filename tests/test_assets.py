"""Files kept with documents: listed, brought into the vault, sent and deleted, through the command."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.export_case import Run, reader
from tests.linkding_case import Keeper, keeper
from vaultsync.disk.temps import digest
from vaultsync.simulator import faults
from vaultsync.simulator.linkding_records import Bookmark

__all__ = ["keeper", "reader"]

# Neither bigger nor smaller when it is packed.
NOISE = random.Random(1).randbytes(300_000)  # noqa: S311  # no secret
PAGE = "Tea (linkding-1).html"


@pytest.fixture
def tea(keeper: Keeper) -> Bookmark:
    """A bookmark whose note is in a folder of its user's."""
    made = keeper.links.add("https://example.org/tea", title="Tea")
    keeper.reader.export()
    (keeper.reader.vault / "Drinks").mkdir()
    (keeper.reader.vault / "Tea.md").rename(keeper.reader.vault / "Drinks/Tea.md")
    return made


def assets(keeper: Keeper, *args: str) -> Run:
    keeper.reader.simulator.log.clear()
    return keeper.reader.run("assets", "Drinks/Tea.md", *args)


def drinks(keeper: Keeper) -> dict[str, bytes]:
    """The files beside the note, hidden ones too."""
    folder = keeper.reader.vault / "Drinks"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "Tea.md"}


def test_files_are_listed_with_what_is_known_of_them(keeper: Keeper, tea: Bookmark) -> None:
    assert assets(keeper).out == "linkding:1 has no files.\n"
    keeper.links.keep(tea.id, "HTML snapshot from 10/01/2023", b"<p>Tea</p>")
    keeper.links.keep(tea.id, "HTML snapshot from 10/02/2023", b"", status="pending")
    run = assets(keeper)
    assert (run.code, run.out) == (
        0,
        f"1  HTML snapshot from 10/01/2023  (upload, text/html, {keeper.links.assets[1].file_size} bytes)\n"
        "2  HTML snapshot from 10/02/2023  (snapshot, text/html, pending)\n",
    )
    assert keeper.reader.run("assets", "linkding:1").out == run.out
    assert keeper.reader.run("assets", "https://example.org/tea").out == run.out


def test_a_long_list_comes_page_by_page(keeper: Keeper, tea: Bookmark) -> None:
    for number in range(250):
        keeper.links.keep(tea.id, f"{number}.txt", b"", "text/plain")
    assert len(assets(keeper, "--json").json["assets"]) == 250


def test_files_come_beside_the_note_wherever_that_is(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    run = assets(keeper, "--download")
    assert (run.code, run.out) == (
        0,
        f"Downloaded: Drinks/{PAGE}\nDownloaded: Drinks/leaf (linkding-2).png\n",
    )
    assert drinks(keeper) == {PAGE: b"<p>Tea</p>", "leaf (linkding-2).png": NOISE}
    assert f"  in the vault: Drinks/{PAGE}\n" in assets(keeper).out


def test_what_is_in_the_vault_is_not_fetched_again_wherever_it_was_moved(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    assets(keeper, "--download")
    (keeper.reader.vault / "Files").mkdir()
    (keeper.reader.vault / "Drinks" / PAGE).rename(keeper.reader.vault / "Files" / PAGE)
    run = assets(keeper, "--download")
    assert (run.code, run.out) == (0, f"In the vault already: Files/{PAGE}\n")
    assert [one.path for one in keeper.reader.simulator.log if "download" in one.path] == []


def test_one_of_several_is_fetched_by_its_id(keeper: Keeper, tea: Bookmark) -> None:
    for name in "ab":
        keeper.links.keep(tea.id, f"{name}.txt", name.encode(), "text/plain")
    assert assets(keeper, "--id", "2").out == "Downloaded: Drinks/b (linkding-2).txt\n"
    run = assets(keeper, "--id", "3")
    assert (run.code, run.err) == (2, "Error: linkding:1 has no file 3. Nothing was done.\nIt has: 1, 2.\n")


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [
        ("../../../etc/passwd", "text/plain", "-..-..-etc-passwd (linkding-1).txt"),
        ("/vaultsync.toml", "text/plain", "-vaultsync.toml (linkding-1).txt"),
        (".obsidian/x.js", "text/javascript", "obsidian-x (linkding-1).js"),
        ("Tea.md", "text/markdown", "Tea (linkding-1).md.txt"),
        ("map.canvas", "", "map (linkding-1).canvas.txt"),
        ("", "", "Unknown (linkding-1).bin"),
        ("con", "application/pdf", "con_ (linkding-1).pdf"),
        ("x" * 300 + ".pdf", "application/pdf", "x" * 183 + " (linkding-1).pdf"),
        ("At example.com", "text/html; charset=utf-8", "At example.com (linkding-1).html"),
    ],
)
def test_no_name_leads_out_of_the_folder_or_makes_a_note(
    keeper: Keeper, tea: Bookmark, name: str, kind: str, path: str
) -> None:
    before = set(keeper.reader.files())
    keeper.links.keep(tea.id, name, b'---\nvaultsync_id: "linkding:1"\n---\n', kind)
    assert assets(keeper, "--download").code == 0
    assert set(keeper.reader.files()) - before == {f"Drinks/{path}"}
    assert keeper.reader.export().counts[:2] == (0, 0)


def test_a_folder_that_is_a_link_is_not_written_through(keeper: Keeper, tea: Bookmark, tmp_path: Path) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    (tmp_path / "elsewhere").mkdir()
    (keeper.reader.vault / "Drinks").rename(tmp_path / "elsewhere/Drinks")
    (keeper.reader.vault / "Drinks").symlink_to(tmp_path / "elsewhere/Drinks")
    run = keeper.reader.run("assets", "linkding:1", "--download")
    assert (run.code, "has no note" in run.err) == (2, True)
    assert [path.name for path in (tmp_path / "elsewhere/Drinks").iterdir()] == ["Tea.md"]


def test_without_a_note_there_is_no_place_for_files(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    (keeper.reader.vault / "Drinks/Tea.md").unlink()
    run = keeper.reader.run("assets", "linkding:1", "--download")
    assert (run.code, "linkding:1 has no note" in run.err) == (2, True)
    assert keeper.reader.run("assets", "linkding:1").code == 0


def test_a_file_someone_else_put_there_is_not_replaced(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    (keeper.reader.vault / "Drinks" / PAGE).mkdir()
    run = assets(keeper, "--download")
    assert (run.code, f"Drinks/{PAGE} can't be written" in run.err) == (1, True)
    assert sorted(path.name for path in (keeper.reader.vault / "Drinks").iterdir()) == [PAGE, "Tea.md"]


# Not to be had.


@pytest.mark.parametrize("status", ["pending", "failure"])
def test_what_is_not_complete_is_told_and_not_asked_for(keeper: Keeper, tea: Bookmark, status: str) -> None:
    keeper.links.keep(tea.id, "Tea", b"", status=status)
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    run = assets(keeper, "--download")
    assert (run.code, run.out) == (
        0,
        f"Not to be had: Tea, for the service says: {status}.\nDownloaded: Drinks/leaf (linkding-2).png\n",
    )


def test_what_is_too_large_is_left_and_the_others_come(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "big.txt", b"x" * 1_000_001, "text/plain")  # packed it is small
    keeper.links.keep(tea.id, "noise.bin", random.Random(2).randbytes(1_000_001))  # noqa: S311
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    run = assets(keeper, "--download", "--limit", "1")
    assert (run.code, run.out) == (3, "Downloaded: Drinks/leaf (linkding-3).png\n")
    assert run.err == (
        "Error: big.txt is larger than 1 MB. Nothing of it was kept.\n"
        "  If it is wanted all the same, add --limit and a number of MB above 1.\n"
        "Error: noise.bin is larger than 1 MB. Nothing of it was kept.\n"
        "  If it is wanted all the same, add --limit and a number of MB above 1.\n"
    )
    assert list(drinks(keeper)) == ["leaf (linkding-3).png"]
    assert len([one for one in keeper.reader.simulator.log if "download" in one.path]) == 2
    assert assets(keeper, "--download", "--limit", "2").code == 0


def test_a_file_that_is_cut_off_where_a_length_was_told_is_not_kept(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    sized = faults.Fault("cut, with a length", change=lambda reply: replace(reply, unsized=False), wire="cut")
    keeper.reader.simulator.faults.order(sized, path="/api/bookmarks/1/assets/1/download/")
    run = assets(keeper, "--download")
    assert (run.code, "the answer was cut off" in run.err, drinks(keeper)) == (1, True, {})


def test_a_file_that_is_cut_off_is_not_kept_though_no_length_was_told(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    keeper.links.keep(tea.id, "root.png", NOISE, "image/png")
    keeper.reader.simulator.faults.order(faults.cut_off(), path="/api/bookmarks/1/assets/1/download/")
    run = assets(keeper, "--download", "--json")
    assert [(one["outcome"], one["path"]) for one in run.json["assets"]] == [("failed", ""), ("waiting", "")]
    assert (run.code, "cut off after 150,000 bytes" in run.json["assets"][0]["error"]) == (1, True)
    assert drinks(keeper) == {}
    assert assets(keeper, "--download").code == 0
    assert set(drinks(keeper).values()) == {NOISE}


@pytest.mark.parametrize("fault", [faults.connection_reset(), faults.status(502)])
def test_a_hiccup_is_waited_out(keeper: Keeper, tea: Bookmark, fault: faults.Fault) -> None:
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    keeper.reader.simulator.faults.order(fault, path="/api/bookmarks/1/assets/1/download/")
    assert assets(keeper, "--download").code == 0
    assert list(drinks(keeper).values()) == [NOISE]


def test_a_file_that_is_gone_meanwhile_is_told_and_the_others_come(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    keeper.links.keep(tea.id, "root.png", NOISE, "image/png")
    gone = faults.status(404, {"detail": "No BookmarkAsset matches the given query."})
    keeper.reader.simulator.faults.order(gone, path="/api/bookmarks/1/assets/1/download/")
    run = assets(keeper, "--download")
    assert (run.code, run.out) == (1, "Downloaded: Drinks/root (linkding-2).png\n")
    assert "linkding: leaf.png is not there any more. Nothing was done." in run.err


def test_what_an_earlier_run_left_half_done_goes(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "leaf.png", NOISE, "image/png")
    assets(keeper, "--download")
    (whole,) = (keeper.reader.vault / "Drinks").glob("*.png")
    half = whole.with_name(f".vaultsync-{digest(b'Drinks/leaf (linkding-1).png').hex()}.part")
    whole.rename(half)
    assert keeper.reader.export().counts[:2] == (0, 0)  # and it is taken for nobody's save
    assert assets(keeper, "--download").code == 0
    assert list(drinks(keeper)) == ["leaf (linkding-1).png"]


def test_a_bookmark_that_is_gone_has_no_files(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.delete(tea.id)
    assert assets(keeper).out == "linkding:1 has no files.\n"


def test_a_version_without_files_says_so(keeper: Keeper, tea: Bookmark) -> None:
    nowhere = faults.status(404, b"<h1>Not Found</h1>", content_type="text/html")
    keeper.reader.simulator.faults.order(nowhere, path=f"/api/bookmarks/{tea.id}/assets/", times=None)
    run = assets(keeper)
    assert (run.code, run.err) == (
        1,
        "Error: linkding: this version has no files of bookmarks. Nothing was done.\nThey came with linkding 1.39.\n",
    )


def test_the_file_of_a_document_of_reader_comes_beside_its_note(keeper: Keeper) -> None:
    keeper.reader.configure(source='documents = "all"\n' + keeper.reader.source)
    paper = keeper.reader.library.add_reader_document("On Noise", category="pdf", location="later", raw_file=NOISE)
    keeper.reader.export()
    name = f"On Noise (readwise-{paper.id}).pdf"
    run = keeper.reader.run("assets", "On Noise.md", "--download")
    assert (run.code, run.out) == (0, f"Downloaded: {name}\n")
    assert (keeper.reader.vault / name).read_bytes() == NOISE


def test_a_source_that_takes_no_files_says_so(keeper: Keeper, tmp_path: Path) -> None:
    keeper.reader.book("Walden", "one")
    keeper.reader.export()
    (tmp_path / "leaf.png").write_bytes(b"")
    assert keeper.reader.run("assets", "Walden.md").out.endswith(" has no files.\n")
    run = keeper.reader.run("assets", "Walden.md", "--upload", str(tmp_path / "leaf.png"))
    assert (run.code, run.err) == (1, "Error: readwise takes no files. Nothing was sent.\n")


# Sending and deleting.


@pytest.mark.parametrize("name", ["leaf.png", 'Größe "L" 100%.bin'])
def test_a_file_is_sent_byte_for_byte_under_its_name(keeper: Keeper, tea: Bookmark, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(NOISE)
    run = assets(keeper, "--upload", str(tmp_path / name))
    (kept,) = keeper.links.assets.values()
    assert (run.code, kept.bookmark, kept.content) == (0, tea.id, NOISE)
    assert kept.display_name == name
    assert kept.content_type == ("image/png" if name == "leaf.png" else "application/octet-stream")
    assert run.out.startswith(f"1  {kept.display_name}  (upload, ")


@pytest.mark.usefixtures("tea")
def test_an_upload_is_sent_once_and_a_lost_answer_told(keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "leaf.png").write_bytes(NOISE)
    keeper.reader.simulator.faults.order(faults.reply_lost(), method="POST")
    run = assets(keeper, "--upload", str(tmp_path / "leaf.png"))
    assert (run.code, len(keeper.links.assets)) == (1, 1)
    assert "So it is not known whether leaf.png was kept.\nList the files before you send it again.\n" in run.err


@pytest.mark.usefixtures("tea")
def test_uploads_that_are_switched_off_are_no_wrong_token(keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "leaf.png").write_bytes(b"")
    off = faults.status(403, {"error": "Asset upload is disabled."})
    keeper.reader.simulator.faults.order(off, method="POST")
    run = assets(keeper, "--upload", str(tmp_path / "leaf.png"))
    assert (run.code, "leaf.png is not taken (403)" in run.err, "token" in run.err) == (1, True, False)


@pytest.mark.usefixtures("tea")
def test_an_upload_has_a_limit_too(keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"x" * 1_000_001)
    assert assets(keeper, "--upload", str(tmp_path / "big.bin"), "--limit", "1").code == 2
    assert keeper.links.assets == {}


def test_a_file_is_deleted_there_if_that_is_meant_and_stays_in_the_vault(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.keep(tea.id, "Tea", b"<p>Tea</p>")
    assets(keeper, "--download")
    run = assets(keeper, "--delete", "1")
    assert (run.code, "add --yes if it is meant" in run.err, len(keeper.links.assets)) == (2, True, 1)
    run = assets(keeper, "--delete", "1", "--yes")
    assert (run.code, run.out) == (0, f"Deleted: Tea\n  Drinks/{PAGE} stays in the vault.\n")
    assert (keeper.links.assets, list(drinks(keeper))) == ({}, [PAGE])
    assert assets(keeper, "--delete", "1", "--yes").code == 2


@pytest.mark.usefixtures("tea")
def test_only_one_thing_is_done_at_a_time(keeper: Keeper) -> None:
    assert assets(keeper, "--download", "--delete", "1").code == 2
    assert list(keeper.reader.simulator.log) == []
