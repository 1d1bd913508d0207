"""What botocore reads of its own data for nearly every client, read in the zygote, before there are functions.

Each file's content is given away once, to the first loader that asks for it. Who asks again reads the file, as without all this: no two
sessions come to share what botocore does not let them share.
"""

SERVICES = ("dynamodb", "events", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm", "stepfunctions", "sts")
"""Those that functions use most. A client of another costs the reading of its model, 5 to 50 ms."""
MODELS = ("service-2", "endpoint-rule-set-1")
COMMON = ("endpoints", "partitions", "sdk-default-configuration", "_retry")


def preload():
    """Reads, and puts itself between botocore and its files."""
    import boto3
    from botocore.loaders import JSONFileLoader, Loader

    loader = boto3.Session()._loader
    contents, listed = {}, {}
    load_file, list_available_services = JSONFileLoader.load_file, Loader.list_available_services

    def load(self, file_path):
        found = contents.pop(file_path, None)
        return load_file(self, file_path) if found is None else found

    def list_services(self, type_name):
        """What the SDK ships does not change; a function's own directories are looked through."""
        found = listed.get((type_name, *self._potential_locations()))
        return list_available_services(self, type_name) if found is None else list(found)

    for kind in MODELS:
        listed[(kind, *loader._potential_locations())] = loader.list_available_services(kind)
    models = [
        "%s/%s/%s" % (name, loader.determine_latest_version(name, kind), kind) for kind in MODELS for name in SERVICES
    ]
    for name in (*COMMON, *models):
        content, path = loader.load_data_with_path(name)
        contents[path] = content
    JSONFileLoader.load_file, Loader.list_available_services = load, list_services
