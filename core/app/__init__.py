"""Use cases and composition: what pages and commands call, over the rooms."""
"""Use cases: one module each, and the façade that composes them."""
