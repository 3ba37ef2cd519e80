"""The town's library of programmes: taken in, measured, made into the house profile, or refused with the cause."""
