"""Finding damage, repairing it, and saving what is left of a damaged catalog."""
