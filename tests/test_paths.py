from __future__ import annotations

import doctest
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync import paths
from vaultsync.paths import NAME_BYTES, collision_key, join_path, portable, unoccupied

AWKWARD = st.text(
    st.sampled_from(
        [
            *' .:/\\*?"<>|#^[]%-_aeCON\u0301\u200d\u200b\u00a0\n\t\x00\ud800',
            "🏳",
            "\ufe0f",
            "🌈",
            "🇩",
            "👩",
            "🏽",
        ]
    )
)
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=[])), AWKWARD, st.text(min_size=60).map(lambda text: text * 5)
)
FORBIDDEN = re.compile('[/\\\\:*?"<>|#^\\[\\]\x00-\x1f\x7f-\x9f]|%%')


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(paths).failed == 0


@given(NAMES)
def test_any_name_becomes_one_component_that_every_system_takes(name: Any) -> None:
    made = portable(name)

    assert made
    assert not FORBIDDEN.search(made)
    assert made[0] not in " ." and made[-1] not in " ."
    assert len(made.encode()) <= NAME_BYTES
    assert unicodedata.is_normalized("NFC", made)
    assert made.partition(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}


@given(NAMES, st.integers(16, NAME_BYTES))
def test_making_a_name_portable_twice_changes_nothing_more(name: Any, limit: Any) -> None:
    once = portable(name, limit=limit)

    assert portable(once, limit=limit) == once
    assert len(once.encode()) <= limit


@given(st.lists(NAMES, max_size=4).map("/".join))
def test_no_path_leaves_the_vault_or_hides_in_it(text: Any) -> None:
    path = join_path(text)

    assert path.endswith(".md")
    assert not any(part.startswith(".") or part == "" for part in path.split("/"))
    assert join_path(path) == path
    assert max(len(part.encode()) for part in path.split("/")) <= NAME_BYTES + 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Title: Sub", "Title - Sub"),
        ("Title :  Sub", "Title - Sub"),
        ("Title:", "Title"),
        ("At 12:30", "At 12-30"),
        ('He said "no"', "He said 'no'"),
        ("What is it?", "What is it"),
        ("a/b\\c|d", "a-b-c-d"),
        ("[[Link]] <b>", "((Link)) (b)"),
        ("100%% sure %", "100% sure %"),
        ("non\u00a0breaking\n\ttext", "non breaking text"),
        ("...hidden...", "hidden"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("e?\u0301", "\u00e9"),
        ("reversed \u202etxt.exe", "reversed txt.exe"),
        ("aux.tar.gz", "aux_.tar.gz"),
        ("COM1", "COM1_"),
        ("COM10", "COM10"),
        ("", "Unknown"),
        ("???", "Unknown"),
        ("..", "Unknown"),
    ],
)
def test_awkward_titles_stay_readable(name: Any, expected: Any) -> None:
    assert portable(name) == expected


@pytest.mark.parametrize(
    "sign",
    ["e\u0323\u0302\u0301", "👩🏽\u200d🚀", "🏳\ufe0f\u200d🌈", "🇩🇪", "🏴\U000e0067\U000e0062\U000e007f"],
)
def test_a_long_title_is_cut_between_signs(sign: Any) -> None:
    sign = unicodedata.normalize("NFC", sign)

    for limit in range(40, 80):
        made = portable(sign * 60, limit=limit)
        assert made == sign * (limit // len(sign.encode()))


def test_a_single_endless_sign_is_cut_all_the_same() -> None:
    assert 0 < len(portable("o" + "\u0300" * 300).encode()) <= NAME_BYTES


def test_a_taken_name_gets_a_number() -> None:
    taken = {"Readwise/Title.md", "Readwise/Title (2).md"}

    assert unoccupied("Readwise/Title.md", taken.__contains__) == "Readwise/Title (3).md"
    assert unoccupied("Readwise/Other.md", taken.__contains__) == "Readwise/Other.md"


@given(NAMES)
def test_a_number_does_not_make_a_name_too_long(name: Any) -> None:
    path = join_path(portable(name))
    numbered = unoccupied(path, lambda candidate: candidate == path)

    assert numbered.endswith(" (2).md")
    assert len(numbered.encode()) <= NAME_BYTES + 3
    assert join_path(numbered) == numbered


def test_names_that_one_disk_keeps_apart_and_another_does_not_are_one() -> None:
    assert collision_key("STRASSE.md") == collision_key("straße.md")
    assert collision_key("\u00c5.md") == collision_key("A\u030a.md")
    assert collision_key("a.md") != collision_key("b.md")
