"""HTTP for stations."""
