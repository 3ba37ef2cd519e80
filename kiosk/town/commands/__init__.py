"""The town's command line."""
