"""The kernel: state, time, identity of a request, and the registration of operations. It knows no protocol and no service."""
