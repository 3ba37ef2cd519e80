"""The station's command line."""
