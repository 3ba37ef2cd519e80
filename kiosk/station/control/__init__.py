"""One handler for each source of events: town, people, screen, timekeeping, equipment, housekeeping."""
