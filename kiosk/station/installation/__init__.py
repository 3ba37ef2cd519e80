"""What is done once, when a PC becomes a station: answers, the test of screen and sound, the sticker."""
