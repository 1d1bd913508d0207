"""How many invocations of a function may run at once, and how many environments stand ready."""
