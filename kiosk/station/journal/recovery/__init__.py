"""What becomes of a damaged journal."""
