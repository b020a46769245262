"""Question to hits: ranking over one committed state, and the measures of how good it is."""
