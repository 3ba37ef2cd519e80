"""From the source of a week to its signed metadata."""
