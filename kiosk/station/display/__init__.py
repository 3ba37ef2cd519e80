"""The poster: what it says, and its image."""
