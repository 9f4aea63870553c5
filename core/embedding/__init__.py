"""Encoders: pictures and words in, vectors of one space out; engines as recipes in data."""
