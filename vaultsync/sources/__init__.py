"""The reading services vaultsync knows: wire JSON to model and back, nothing else."""
