"""What both ends need and neither owns."""
