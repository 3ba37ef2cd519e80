"""What should be on the screen now, and the as-run row of each play."""
