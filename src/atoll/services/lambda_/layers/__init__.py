"""Layers: content that functions share, found at /opt."""
