"""Users: how they are found, changed, signed up, confirmed; their passwords and attributes."""
