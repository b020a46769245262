"""The models of this machine: list, import from disk, fetch and benchmark them."""
