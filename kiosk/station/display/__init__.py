"""The poster and the menu on the room's screen: what they say, and their images."""
