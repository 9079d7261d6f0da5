"""The register of venues: where the public meets science."""
