"""Run whole processes, one after the other, and measure them: wall and processor time, and memory at its peak."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_PEAK = "BENCH_PEAK_FILE"
# A process tells its own peak: what the system keeps of a child includes the moment before it became another program.
_RUN = f"""\
from vaultsync.cli import main
code = main()
import os
if "{_PEAK}" in os.environ and os.path.exists("/proc/self/status"):
    with open("/proc/self/status") as status, open(os.environ["{_PEAK}"], "w") as peak:
        peak.writelines(line for line in status if line.startswith("VmHWM"))
raise SystemExit(code)
"""
VAULTSYNC = (sys.executable, "-c", _RUN)


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took. wall, cpu: seconds (cpu: of its own, user and system); peak: bytes; out: its stdout."""

    wall: float
    cpu: float
    peak: int
    out: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Took:
    """Run a process to its end. Raises RuntimeError if it does not exit with 0."""
    with tempfile.NamedTemporaryFile("r") as peak:
        return _run(command, {**os.environ, **(env or {}), _PEAK: peak.name}, cwd)


def _run(command: Sequence[str], env: Mapping[str, str], cwd: Path | None) -> Took:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, cwd=cwd)
    assert process.stdout is not None
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {' '.join(command)}\n{out}")
    told = Path(env[_PEAK]).read_text().split()
    kilobytes = int(told[1]) if told else usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    return Took(wall, usage.ru_utime + usage.ru_stime, kilobytes * 1024, out)


def alternating(times: int, *runs: Callable[[], Took]) -> list[list[Took]]:
    """Run each so many times, in turn, so that what slows the machine down slows all of them."""
    took: list[list[Took]] = [[] for _ in runs]
    for _ in range(times):
        for number, each in enumerate(runs):
            if times > 1:
                os.sync()  # else what the last run wrote is written back during this one
            took[number].append(each())
    return took


def wall(took: Sequence[Took]) -> float:
    """The median, in seconds."""
    return median(one.wall for one in took)


def cpu(took: Sequence[Took]) -> float:
    """The median, in seconds."""
    return median(one.cpu for one in took)


def peak(took: Sequence[Took]) -> float:
    """The median, in megabytes."""
    return median(one.peak for one in took) / 1e6


def milliseconds(took: Sequence[Took]) -> str:
    """Both, as a row shows them: on a busy machine the first says more of the machine."""
    return f"{wall(took) * 1000:.0f} ms (cpu {cpu(took) * 1000:.0f})"
