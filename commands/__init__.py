"""The commands, one file for each command or group of commands.

The modules are imported at every start, so they import the parts of the product where they use them.
"""
