"""The stages that make artifacts, and what each of them depends on."""
