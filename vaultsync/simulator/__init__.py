"""A loopback HTTP service that speaks Readwise v2 and Reader v3, to try, demo and test with."""
