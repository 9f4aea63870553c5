"""The training corpus of the shipped text tower: titled pictures under free licences, and words."""
