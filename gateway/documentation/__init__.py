"""The documentation: one OpenAPI document, its page, problems, and the facts that are told."""
