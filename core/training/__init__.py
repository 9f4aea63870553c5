"""Contrastive training: pairs of texts and pictures, losses, schedules, and the loop."""
