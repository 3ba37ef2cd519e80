"""The child processes that draw on the screen and sound: one for each programme, one for the poster."""
