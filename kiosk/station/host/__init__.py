"""The room's PC and its screen as machines: the screen's power, the clock that wakes the PC."""
