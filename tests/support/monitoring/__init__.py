"""What reads metrics, as an installation has it."""
