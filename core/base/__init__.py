"""General helpers that every package may use: files, locks, pictures, tables, statistics."""
