"""The export of the sample library, as sample_vault/ holds it. `python -m tests.sample_vault` writes it anew."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from vaultsync.pull import Options
from vaultsync.runs import run
from vaultsync.simulator import running
from vaultsync.workspace import Stand, opened

SAMPLE = Path(__file__).parent.parent / "sample_vault"


def exported() -> dict[str, bytes]:
    """Every note of a fresh export of the sample library, configured as sample_vault/ is; path to bytes."""
    with tempfile.TemporaryDirectory() as folder, running() as simulator:
        root = Path(folder) / "vault"
        root.mkdir()
        shutil.copy(SAMPLE / "vaultsync.toml", root)
        env = {"VAULTSYNC_STATE_DIR": f"{folder}/state", "VAULTSYNC_PLUGINS": ""}
        stand = Stand(base_urls={"readwise": simulator.base_url}, tokens={"readwise": simulator.token})
        with opened(root, env=env, stand=stand, writing="sample") as workspace:
            report = run(workspace, "export", pull=Options())
        assert report.exit_code == 0, list(report.lines())
        return notes(root)


def notes(root: Path) -> dict[str, bytes]:
    """The notes in a sample vault, path to bytes."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / "Readwise").rglob("*.md"))}


def main() -> None:
    """Write sample_vault/ anew."""
    made = exported()
    shutil.rmtree(SAMPLE / "Readwise", ignore_errors=True)
    for path, data in made.items():
        (SAMPLE / path).parent.mkdir(parents=True, exist_ok=True)
        (SAMPLE / path).write_bytes(data)
    sys.stdout.write(f"{len(made)} notes\n")


if __name__ == "__main__":
    main()
