"""Following the sources of a library: what has changed is ingested as soon as the system gives notice of it."""
