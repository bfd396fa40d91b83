"""How often the product accuses genuine recordings, by the kind of recording."""
