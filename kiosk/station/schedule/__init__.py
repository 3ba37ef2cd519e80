"""The timetable: what should be on air when, and what to fetch first. Pure."""
