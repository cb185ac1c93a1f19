from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vaultsync import steps
from vaultsync.errors import AtWork, StateError
from vaultsync.storage.lock import is_watched, watch_lock, writer_lock

pytestmark = pytest.mark.on_disk
HOLD = """
import sys
from pathlib import Path
from vaultsync.storage.lock import is_watched, watch_lock, writer_lock
with writer_lock(Path(sys.argv[1]), "vaultsync watch"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Any]:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_second_process_is_told_who_is_at_work(tmp_path: Path, holder: Any) -> None:
    with pytest.raises(StateError) as refused, writer_lock(tmp_path, "vaultsync export"):
        pytest.fail("two writers")

    assert f'"vaultsync watch" (process {holder.pid}, since 2' in refused.value.message
    assert "Nothing was done" in refused.value.message
    assert "Wait" in refused.value.hint


def test_the_lock_is_free_when_its_holder_was_killed(tmp_path: Path, holder: Any) -> None:
    holder.kill()
    holder.wait()

    with writer_lock(tmp_path, "vaultsync export"):
        pass


def test_the_lock_is_free_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path, "vaultsync export"):
        raise ZeroDivisionError

    with writer_lock(tmp_path, "vaultsync push"):
        assert f'"pid": {os.getpid()}, "what": "vaultsync push"' in (tmp_path / "lock").read_text()


def test_a_holder_that_has_not_said_who_it_is_is_still_a_holder(tmp_path: Path) -> None:
    with writer_lock(tmp_path, "vaultsync export"):
        (tmp_path / "lock").write_text("")
        with pytest.raises(StateError, match="Another vaultsync"), writer_lock(tmp_path, "vaultsync push"):
            pytest.fail("two writers")


def test_a_lock_that_cant_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="Nothing was done"), writer_lock(tmp_path / "gone", "vaultsync export"):
        pytest.fail("no lock")


def test_a_watcher_keeps_out_another_and_no_writer(tmp_path: Path) -> None:
    assert not is_watched(tmp_path)
    with watch_lock(tmp_path, "vaultsync watch"):
        assert is_watched(tmp_path)
        with writer_lock(tmp_path, "vaultsync sync"):
            pass
        with pytest.raises(AtWork, match="is watching this vault"), watch_lock(tmp_path, "vaultsync watch"):
            pytest.fail("two watchers")
    assert not is_watched(tmp_path)


def test_a_disk_too_full_to_say_who_holds_it_keeps_nobody_from_holding_it(tmp_path: Path) -> None:
    def full(name: str) -> None:
        if name == "lock.write":
            raise OSError(errno.ENOSPC, "No space left on device")

    steps.observer = full
    try:
        with writer_lock(tmp_path, "vaultsync push"):
            steps.observer = None
            with pytest.raises(AtWork, match="Another vaultsync"), writer_lock(tmp_path, "vaultsync export"):
                pytest.fail("two writers")
    finally:
        steps.observer = None
