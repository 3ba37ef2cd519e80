"""What the town knows of its stations, as queries."""
