"""Training of our own voice model, and measurements of every detector: tools for developers, never in an image."""
