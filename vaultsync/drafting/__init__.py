"""From the pieces of a page to notes that are true: where they are, what becomes of each, and writing it."""
