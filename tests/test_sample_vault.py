"""sample_vault/ is what the shipped templates make of the sample library, to the byte."""

from __future__ import annotations

from tests.sample_vault import SAMPLE, exported, notes


def test_sample_vault_is_the_export_of_the_sample_library() -> None:
    made, kept = exported(), notes(SAMPLE)
    assert sorted(made) == sorted(kept), 'run "python -m tests.sample_vault"'
    assert [path for path in made if made[path] != kept[path]] == [], 'run "python -m tests.sample_vault"'
