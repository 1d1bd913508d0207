"""User pools, their clients, groups, resource servers and domains: what administrators set up."""
