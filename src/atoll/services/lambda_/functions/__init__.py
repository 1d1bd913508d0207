"""Functions: their code and configuration."""
