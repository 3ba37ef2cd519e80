"""The room's PC below the daemon: the X server and the sound server, as their units start them."""
