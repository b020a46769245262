"""Questions to a store that holds no catalog here: its candidates are brought into a small one, and ranked as usual."""
