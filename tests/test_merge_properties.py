"""Properties are merged key by key, and only what changed is written."""

from __future__ import annotations

import pytest

from vaultsync.merging.patch import Patched, PropertyConflict, merge_properties, taken, with_count


def front(*lines: str) -> str:
    return "".join(f"{line}\n" for line in ("---", *lines, "---"))


@pytest.mark.parametrize(
    ("why", "base", "ours", "theirs", "expected"),
    [
        ("a comment behind a value stays", ["a: 1"], ["a: 1 # mine"], ["a: 2"], ["a: 2 # mine"]),
        ("a value in other quotes is the same", ["a: x"], ["a: 'x'", "b: 1"], ["a: x"], ["a: 'x'", "b: 1"]),
        ("what ours changed stays", ["a: x"], ["a: y"], ["a: x"], ["a: y"]),
        ("what both changed alike is settled", ["a: x"], ["a: 'y'"], ["a: y"], ["a: 'y'"]),
        ("a deleted key stays deleted", ["a: x", "b: 1"], ["b: 1"], ["a: y", "b: 1"], ["b: 1"]),
        ("a new key comes last", ["a: x"], ["z: 1", "a: x"], ["b: 2", "a: x"], ["z: 1", "a: x", "b: 2"]),
        ("a key the source has no more goes", ["a: x", "b: 1"], ["b: 1", "# c", "a: x"], ["a: x"], ["# c", "a: x"]),
        ("but not what its user made of it", ["a: x", "b: 1"], ["a: x", "b: 2"], ["a: x"], ["a: x", "b: 2"]),
        ("nor a comment on it", ["a: x", "b: 1"], ["a: x", "b: 1 # c"], ["a: x"], ["a: x", "# c"]),
        ("its user's key stays where theirs is empty", ["a: x"], ["a: x", "b: 5"], ["a: x", "b:"], ["a: x", "b: 5"]),
        ("text of several lines", ["a: x"], ["a: x", "z: 1"], ["a: |", "  p", "  q"], ["a: |", "  p", "  q", "z: 1"]),
        ("text of several lines in ours", ["a: |", "  p"], ["a: |", "  p", "", "z: 1"], ["a: x"], ["a: x", "", "z: 1"]),
        (
            "a tag typed with a blank is the one printed with a dash",
            ["t:", "  - a"],
            ["t:", "  - a", "  - To read"],
            ["t:", "  - a", "  - to-read", "  - new"],
            ["t:", "  - a", "  - To read", "  - new"],
        ),
        ("an alias is left", ["a: x"], ["a: &n x", "b: *n"], ["a: x", "c: 1"], ["a: &n x", "b: *n", "c: 1"]),
        (
            "a mapping is one value",
            ["a:", "  b: 1"],
            ["a:", "  b: 1", "z: 1"],
            ["a:", "  b: 2"],
            ["a:", "  b: 2", "z: 1"],
        ),
        ("an empty note's own", [], ["z: 1"], ["a: 1"], ["z: 1", "a: 1"]),
        ("nothing in ours", ["a: 1"], [], ["a: 1", "b: 2"], ["b: 2"]),
        (
            "the id follows the source",
            ['vaultsync_id: "r:1"'],
            ["z: 1"],
            ['vaultsync_id: "b:2"'],
            ["z: 1", 'vaultsync_id: "b:2"'],
        ),
        (
            "the id follows it whatever ours says",
            ['vaultsync_id: "r:1"'],
            ["vaultsync_id: x # c"],
            ['vaultsync_id: "r:1"'],
            ['vaultsync_id: "r:1" # c'],
        ),
    ],
)
def test_only_what_the_source_changed_is_written(
    why: str, base: list[str], ours: list[str], theirs: list[str], expected: list[str]
) -> None:
    assert merge_properties(front(*base), front(*ours), front(*theirs)) == Patched(front(*expected)), why


@pytest.mark.parametrize(
    ("why", "base", "ours", "theirs", "expected"),
    [
        (
            "in the form of ours",
            ["t: [a, b]"],
            ["t:", "- a", "- 'b' # x"],
            ["t: [a, b, c]"],
            ["t:", "- a", "- 'b' # x", "- c"],
        ),
        ("in one line", ["t:", "  - a"], ["t: [ 'a', mine] # x"], ["t:", "  - a", "  - b"], ["t: ['a', mine, b] # x"]),
        ("whatever their case", ["t:", "  - a"], ["t:", "  - A"], ["t:", "  - a", "  - b"], ["t:", "  - A", "  - b"]),
        ("one taken out there", ["t: [a, b]"], ["t:", "  - a", "  - b", "  - m"], ["t: [b]"], ["t:", "  - b", "  - m"]),
        ("one taken out here", ["t: [a, b]"], ["t: [a]"], ["t: [a, b, c]"], ["t: [a, c]"]),
        ("the same put in on both sides", ["t: [a]"], ["t: [a, b]"], ["t: [a, B]"], ["t: [a, b]"]),
        ("all taken out", ["t: [a]"], ["t:", "  - a", "z: 1"], ["t: []"], ["t: []", "z: 1"]),
        ("put into an empty one", ["t: []"], ["t:", "z: 1"], ["t:", "  - a"], ["t:", "  - a", "z: 1"]),
        ("emptied on both sides", ["t: [a]"], ["t:"], ["t: []"], ["t:"]),
        ("a list of its user's own", [], ["t: [mine]"], ["t: [a]"], ["t: [mine, a]"]),
        ("numbers", ["t: [1, 2]"], ["t: [1, 2, 9]"], ["t: [1, 3]"], ["t: [1, 9, 3]"]),
    ],
)
def test_lists_are_merged_as_sets(
    why: str, base: list[str], ours: list[str], theirs: list[str], expected: list[str]
) -> None:
    assert merge_properties(front(*base), front(*ours), front(*theirs)) == Patched(front(*expected)), why


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "told"),
    [
        (["a: x"], ["a: y"], ["a: z"], "z"),
        (["a: x"], ["a: 1"], ["a: true"], "true"),
        (["a: 1"], ["a: true"], ["a: 2"], "2"),
        (["t: [a]"], ["t: a"], ["t: [a, b]"], "a, b"),
        ([], ["a: mine"], ["a: theirs"], "theirs"),
        (["a: x"], ["a: y"], ["a:"], ""),
    ],
)
def test_a_property_both_changed_is_ours_and_theirs_is_told(
    base: list[str], ours: list[str], theirs: list[str], told: str
) -> None:
    key = theirs[0].partition(":")[0]
    patched = merge_properties(front(*base), front("z: 1", *ours), front(*theirs))
    assert patched == Patched(front("z: 1", *ours), (PropertyConflict(key, told),))


@pytest.mark.parametrize("ours", [["a: [x"], ["- a"], ["{a: x}"], ["a: x", "a: y"], ["a: *n"], ["text"]])
def test_front_matter_that_is_no_list_of_properties_is_left_whole(ours: list[str]) -> None:
    assert merge_properties(front("a: x"), front(*ours), front("a: y")) == Patched(front(*ours), readable=False)


def test_windows_line_ends_stay_and_new_lines_have_them() -> None:
    ours = front("a: x", "t:", "  - a", "z: 1").replace("\n", "\r\n")
    patched = merge_properties(front("a: x", "t: [a]"), ours, front("a: y", "t: [a, b]", "n: 1"), newline="\r\n")
    assert patched.text == front("a: y", "t:", "  - a", "  - b", "z: 1", "n: 1").replace("\n", "\r\n")


def test_a_note_without_front_matter_gets_its_id_back_and_nothing_else() -> None:
    theirs = front('vaultsync_id: "r:1"', "a: y")
    assert merge_properties(front('vaultsync_id: "r:1"', "a: x"), "", theirs).text == front('vaultsync_id: "r:1"')
    assert merge_properties(front("a: x"), "", front("a: y")).text == ""


def test_conflicts_are_counted_in_a_property_of_their_own() -> None:
    one = with_count(front("a: x"), 1)
    assert one == front("a: x", "vaultsync_conflicts: 1")
    assert with_count(one, 1) == one
    assert with_count(one, 2) == front("a: x", "vaultsync_conflicts: 2")
    assert with_count(one, 0) == front("a: x")
    assert with_count(front("a: [x"), 1) == front("a: [x")
    assert with_count("", 1) == ""


def test_a_property_is_taken_from_theirs() -> None:
    assert taken(front("a: x # c"), front("a: y"), "a") == front("a: y # c")
    assert taken(front("a: x"), front("a: y"), "b") is None
