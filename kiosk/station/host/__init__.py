"""The room's PC below the daemon: its X server and sound server, the screen's power, the clock that wakes it."""
