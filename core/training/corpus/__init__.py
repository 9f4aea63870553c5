"""What the shipped text tower is trained on: titled pictures under free licences, and words."""
