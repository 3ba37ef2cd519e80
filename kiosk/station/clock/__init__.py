"""What time it is, how far that can be trusted, and how that changed."""
