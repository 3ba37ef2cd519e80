"""What the machine says of itself, one kind of fact a file. What it does not say is None."""
