def resolve_in_context(parse, previous_topic=None, previous_treatment=None):
    return parse
