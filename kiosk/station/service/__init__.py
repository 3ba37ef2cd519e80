"""The process around the daemon's work: threads, timers, systemd."""
