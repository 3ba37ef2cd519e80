"""The main job shown and judged: a town and a station on one PC, and a sampler that watches the screen."""
