"""The sound of one programme: from libVLC's blocks to the sound server, sample by sample."""
