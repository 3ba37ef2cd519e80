"""Programme files and signed documents held on this PC, and what of them is accepted."""
