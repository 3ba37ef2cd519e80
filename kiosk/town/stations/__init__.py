"""The town's stations: register, enrol, pictures of their screens."""
