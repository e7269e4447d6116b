"""What schemathesis leaves out."""

import schemathesis


@schemathesis.hook
def filter_query(context, query):
    """A query parameter without a value, as forms send it, is one left out."""
    return not query or all(value != "" for value in query.values())
