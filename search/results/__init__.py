"""From ranked passages to the hits that are shown."""
