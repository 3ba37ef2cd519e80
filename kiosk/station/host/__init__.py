"""The room's PC below the daemon: its X server and sound server, the screen's power, keys, the clock that wakes it."""
