"""Protocols of the models, and the content keys of what they make."""
