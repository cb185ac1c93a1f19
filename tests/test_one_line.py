r"""What is told to people stands on one line, whatever is in it: a file may be called "Wal\nden\x1b[31m.md"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vaultsync
from tests.export_case import Reading, reader

__all__ = ["reader"]

ODD = "Wal\nden\x1b[31m\x9b\u2028.md"
SHOWN = r"Wal\nden\x1b[31m\x9b\u2028.md"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@pytest.fixture
def odd(reader: Reading) -> Reading:
    """A vault with a note whose name no terminal likes, and a copy of it."""
    reader.book("Walden", "I went to the woods.")
    reader.export()
    (reader.vault / "Walden.md").rename(reader.vault / ODD)
    reader.export()
    reader.write(f"Copy of {ODD}", reader.text(ODD))
    reader.type(ODD)
    return reader


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("status", f"  {SHOWN}"),
        ("export", f"Copy of {SHOWN}: a copy of {SHOWN} (same vaultsync_id). It was left alone."),
        ("diff", f"+++ vault/{SHOWN}"),
        ("undo", f"{SHOWN} was changed since; it was left as it is."),
    ],
)
def test_a_name_with_control_characters_is_shown_escaped_on_a_line_of_its_own(
    odd: Reading, command: str, line: str
) -> None:
    run = odd.run(command)
    assert line in (run.out + run.err).split("\n")
    assert CONTROLS.findall(run.out + run.err) == []


def test_an_error_about_such_a_note_is_one_line_and_what_to_do(odd: Reading) -> None:
    (odd.vault / f"Copy of {ODD}").unlink()
    (odd.vault / ODD).write_bytes(b"\xff" + odd.text(ODD).encode())
    run = odd.run("resolve", ODD)
    assert run.code == 1
    assert [SHOWN in line for line in run.err.splitlines()] == [True, False]
    assert CONTROLS.findall(run.err) == []


def test_json_says_the_name_as_it_is_and_prints_no_control(odd: Reading) -> None:
    run = odd.run("status", "--json")
    assert run.json["edited"] == [ODD]
    assert CONTROLS.findall(run.out) == []


def test_nothing_is_told_to_people_but_line_by_line() -> None:
    """What is printed otherwise is JSON, a note as it is, a traceback, or a text of our own."""
    folder = Path(vaultsync.__file__).parent
    found = {
        f"{path.name}: {line.strip()}"
        for path in (*folder.glob("commands/*.py"), folder / "commandline.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\becho\(|\bprint\(|std(out|err)\.write", line)
    }
    assert found == {
        "saying.py: click.echo(one_line(line), err=err)",
        "options.py: click.echo(json_line(value))",
        "watch.py: click.echo(text, err=is_wrong and not as_json)",
        "diff.py: click.echo(line)  # what stands in a note is shown as it stands there",
        "templates.py: click.echo(_rendered(opened, found), nl=False)",
        "service.py: click.echo(place.system.text(wanted))",
        "demo.py: click.echo(_TRY.format(**told), nl=False)",
        "demo.py: click.echo(_WATCH.format(folder=folder, note=note, seconds=_SOMEONE), nl=False)",
        'commandline.py: click.echo(json.dumps({"errors": [{"message": error.message, "hint": error.hint}]}))',
        "commandline.py: click.echo(traceback.format_exc().rstrip(), err=True)",
    }
