"""Health: probes read facts, pure rules turn them into problems with a remedy."""
