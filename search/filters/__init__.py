"""From what a user says about documents to the passages that pass."""
