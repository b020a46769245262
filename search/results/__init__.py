"""From ranked passages to the hits of an answer."""
