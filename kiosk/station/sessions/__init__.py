"""Sessions: the minutes before a meeting, the quiet during it, other sources, and what is shown on demand."""
