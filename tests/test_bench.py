"""The benchmark runs from end to end; at sizes like these its figures mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bench.__main__ import main


def test_quick_benchmark_ends_well_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "")  # which it sets for the processes it starts
    names = ("idle", "cold")

    result = CliRunner().invoke(main, [*names, "--quick", "--into", str(tmp_path)], catch_exceptions=False)

    assert result.exit_code == 0
    assert result.stdout.count("≤") == 3
    assert list(tmp_path.iterdir()) == []
