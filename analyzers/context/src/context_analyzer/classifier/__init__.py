"""Our own classifier of what is said in a call: how much it resembles fraud, from when on, of which kind and stage."""
