"""The child processes that draw on the screen and sound: one for each programme; the stage for poster and menu."""
