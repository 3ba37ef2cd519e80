"""The town's keys and its signed folder."""
