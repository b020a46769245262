"""The lowest layer: locks, fsync, file systems and failpoints."""
