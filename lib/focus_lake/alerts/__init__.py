"""New findings of policies to the people who act: once, on their route, never lost or doubled."""
