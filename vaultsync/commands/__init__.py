"""One command a file; each parses options, calls one function, prints its report."""
