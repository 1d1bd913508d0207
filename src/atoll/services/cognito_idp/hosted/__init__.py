"""The hosted pages, the OAuth 2.0 endpoints, and what issuers publish. An `edge.edge.DataPlane`."""
