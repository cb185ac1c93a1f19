"""Notes on disk: the only code that touches them, and what a dry run has in its place."""
