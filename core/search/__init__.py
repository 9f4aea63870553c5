"""Query → hits: vectors, words, their fusion, cut-off, near-duplicates; engines side by side."""
