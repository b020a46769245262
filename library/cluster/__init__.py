"""Libraries in Milvus: `ClusterLibrary` has the interface of `Library`, and keeps nothing on this machine."""
