"""The town's second process: long jobs, and messages to people."""
