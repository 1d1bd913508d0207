"""Lets functions manage WebSocket connections by the address that their events name, as AWS's samples do.

That address is `https://{domainName}/{stage}`, which leads to no region of Atoll's, and a region speaks no TLS. A request of botocore's for
`@connections` goes to the region's endpoint instead; its Host header and its signature still say which API it is for.
"""

import os
import sys
from importlib.machinery import PathFinder
from urllib.parse import unquote, urlsplit

MODULE = "botocore.httpsession"


def lead_home():
    """To be called before the function is imported; it may bring a botocore of its own."""
    if MODULE in sys.modules:
        patch(sys.modules[MODULE])
    else:
        sys.meta_path.insert(0, Finder())


def patch(module):
    send = module.URLLib3Session.send

    def send_home(self, request):
        url = urlsplit(request.url)
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        if endpoint and url.scheme == "https" and "/@connections/" in unquote(url.path):
            request.headers["Host"] = url.netloc
            request.url = endpoint.rstrip("/") + url.path
        return send(self, request)

    module.URLLib3Session.send = send_home


class Finder:
    """Patches botocore once it is imported."""

    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if name == MODULE else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                patch(module)

            spec.loader.exec_module = exec_module
        return spec
