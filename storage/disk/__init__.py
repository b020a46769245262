"""The disk below everything: locks, fsync, file systems, failpoints."""
