"""Where the product is: grounders, masks, image views and their exports."""
