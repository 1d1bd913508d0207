"""REST APIs as OpenAPI documents: what an import asks for, and what an export says."""
