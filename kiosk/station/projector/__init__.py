"""The daemon's side of the screen: one child process per programme, cued before it is due and cut by the clock."""
