"""Online experiments: what visitors did, which variant they saw, and what that proves."""
