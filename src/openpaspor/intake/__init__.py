"""At the counter: papers against originals, interview, photo."""
