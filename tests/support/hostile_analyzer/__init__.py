"""An analyzer whose detector does what the recording says: it stands for a decoder that a recording has taken over."""
