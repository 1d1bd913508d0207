"""Invoking functions: at once, in a stream, or later."""
