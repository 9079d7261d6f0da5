"""The live stream: facts as they happen, each to those who may see it (SSE)."""
