"""Protocols of the models, and content keys of their results."""
