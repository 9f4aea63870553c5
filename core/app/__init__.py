"""Use cases: the functions that pages and commands call, and their composition."""
