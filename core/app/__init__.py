"""Use cases and composition: what pages and commands call, over the rooms."""
