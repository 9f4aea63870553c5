"""Catalogue files in, validated items with stored pictures out."""
