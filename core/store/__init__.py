"""LanceDB tables of one catalogue: items, stage results, vectors, quarantine."""
