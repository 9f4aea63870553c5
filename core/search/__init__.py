"""Search: vectors, full text, their fusion, cut-off, near-duplicates, comparison of engines."""
