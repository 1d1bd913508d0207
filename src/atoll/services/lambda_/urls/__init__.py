"""Function URLs: HTTPS endpoints of functions, without an API in front of them."""
