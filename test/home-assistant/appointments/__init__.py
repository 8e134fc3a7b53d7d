"""A calendar for tests: whoever asks for a span of time is told of an event soon after its beginning."""
