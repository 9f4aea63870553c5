"""Encoders of pictures and texts, and engine recipes."""
