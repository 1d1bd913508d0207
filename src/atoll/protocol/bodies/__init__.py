"""What stands between the bytes of a request's body and what a protocol reads: encodings, and checksums over the result."""
