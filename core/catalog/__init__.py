"""Read catalogue files: validate rows and store their pictures."""
