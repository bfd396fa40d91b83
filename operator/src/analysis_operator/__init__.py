"""The Silver Guardian operator."""
