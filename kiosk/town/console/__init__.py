"""The town's console: the pages of its officers."""
