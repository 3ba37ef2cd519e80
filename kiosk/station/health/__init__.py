"""The room's equipment: probes read facts, checks find what is wrong, rules make faults of it."""
