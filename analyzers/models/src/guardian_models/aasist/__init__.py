"""AASIST, a network that tells synthetic speech from recorded speech."""
