"""Which passages of a committed state a question may be answered from."""
