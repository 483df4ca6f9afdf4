"""From a configuration to arrays: the only place that allocates; recording, policies and what threads share."""
