"""What a run did, told to a person and to a program."""

from __future__ import annotations

from vaultsync.errors import AuthError, SafetyStop, VaultError
from vaultsync.hookspecs import Problem
from vaultsync.plan import Action
from vaultsync.report import Change, Report, Tally


def told(*changes: Change, **more: object) -> list[str]:
    return list(Report(changes, **more).lines())  # type: ignore[arg-type]


def test_nothing_new_is_said_in_a_line() -> None:
    assert told(unchanged=3, requests=1) == ["Notes: nothing new; 3 unchanged. 1 request."]


def test_a_dry_run_says_what_would_be() -> None:
    changes = (
        Change(Action.CREATE, "r:1", "A.md"),
        Change(Action.UPDATE, "r:2", "B.md", "1 highlight gone at the source"),
        Change(Action.LEAVE, "r:3", "C.md"),
    )
    assert told(*changes, dry=True) == [
        "Dry run: nothing was written.",
        "  create  A.md",
        "  update  B.md  (1 highlight gone at the source)",
        "Would be: 1 created, 1 updated; 0 unchanged. 0 requests.",
        "1 note left as it is:",
        "  C.md",
    ]


def test_a_long_list_is_cut() -> None:
    lines = told(*(Change(Action.KEEP, f"r:{number}", f"{number}.md") for number in range(23)))
    assert lines[-1] == "  and 3 more"


def test_notes_their_user_deleted_are_told_with_the_way_back() -> None:
    lines = told(Change(Action.GONE, "r:1", "A.md"), Change(Action.GONE, "r:2", "B.md"))
    assert lines[-1].startswith("2 notes were deleted by you") and "vaultsync restore" in lines[-1]


def test_problems_are_told() -> None:
    assert "  Walden: its note was a number" in told(problems=(Problem("Walden", "its note was a number"),))


def test_exit_codes() -> None:
    failed, refused = VaultError("full"), AuthError("no", source="r")
    created, asked = Change(Action.CREATE, "r:1", "A.md"), Change(Action.ASK, "r:1", "A.md")
    assert Report().exit_code == 0
    assert Report(errors=(failed,)).exit_code == 1
    assert Report(errors=(refused,)).exit_code == 2
    assert Report((created,), errors=(refused,)).exit_code == 1
    assert Report(stop=SafetyStop("many")).exit_code == 3
    assert Report((asked,)).exit_code == 3


def test_a_note_created_and_updated_in_one_run_was_created() -> None:
    tally = Tally()
    tally.note(Change(Action.CREATE, "r:1", "A.md"))
    tally.note(Change(Action.UPDATE, "r:1", "A.md"))
    tally.note(Change(Action.NOTHING, "r:1", "A.md"))
    tally.renamed("r:1", "w:1")
    tally.renamed("r:9", "w:9")
    report = tally.report(known=0, requests=2, conflicts={}, dry=False)
    assert report.changes == (Change(Action.CREATE, "w:1", "A.md"),)
    assert report.as_json()["notes"]["created"] == 1
