"""What a town and a station say to each other. Pure: no files, no clock, no threads, no network."""
