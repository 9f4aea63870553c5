"""Small tools that every room may use: atomic files, locks."""
