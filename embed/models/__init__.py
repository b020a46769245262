"""The models of this machine: installed, added from disk, fetched, measured."""
