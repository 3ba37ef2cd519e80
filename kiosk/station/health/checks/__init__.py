"""What can be wrong with the room, one kind of device a file: each check yields its findings. Pure."""
