from cluster_pairs import pair, place, shared

__all__ = ["pair", "place", "shared"]
