"""The fault matrix: one fault in one call or event of one request, for every kind, place and number of them."""
