"""Faults as tickets: how their repair stands, who is told of them, and what the room is told back."""
