"""The page for people: one box to ask in, the documents, and what the library holds.

Every view is one template, rendered on the server; the modules in `assets/` only fetch parts of it sooner.
"""
