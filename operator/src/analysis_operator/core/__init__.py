"""The pure core: what to do, given what was observed. No I/O, no framework, no clock."""
