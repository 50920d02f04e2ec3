"""At the centre: checks, decision, four eyes."""
