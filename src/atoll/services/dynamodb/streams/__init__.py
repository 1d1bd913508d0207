"""DynamoDB Streams: the records of what changed in a table's items, for 24 hours. `changes` writes them, the other modules read them.

Its operations are those of the service `dynamodbstreams`, which has a model of its own; the data is the tables'.
"""
