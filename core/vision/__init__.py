"""Find the product in its photo: grounders, segmenters, masks and their export."""
