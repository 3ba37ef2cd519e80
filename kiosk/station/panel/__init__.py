"""The administrator's pages on the room's network."""
