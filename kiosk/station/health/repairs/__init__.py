"""What the kiosk mends by itself before it calls for a person: one remedy a file, each with a limit an hour."""
