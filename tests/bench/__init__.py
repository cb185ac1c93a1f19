"""How fast vaultsync is, as ratios taken side by side in one run: `python -m tests.bench`."""
