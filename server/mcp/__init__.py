"""The library for agents: the tools of a server of the Model Context Protocol, over standard streams and HTTP."""
