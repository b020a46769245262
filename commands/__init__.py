"""The commands, a file for each command or group of commands."""
