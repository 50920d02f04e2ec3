"""The sub-commands of `openpaspor`, one module each: HELP, add_arguments(parser), run(args) -> exit code."""
