"""Which fields of a template can be edited in its notes: found out by trying, and remembered."""
