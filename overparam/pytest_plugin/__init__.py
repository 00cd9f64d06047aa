"""The claims as tests, for pytest: options, hooks, scoreboard. Says and loads nothing where no claim is tested."""
