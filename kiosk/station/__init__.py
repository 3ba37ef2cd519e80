"""The daemon on the room's PC."""
