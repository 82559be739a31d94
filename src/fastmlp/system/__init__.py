"""What fastmlp asks of the operating system and of libraries that the whole process shares; knows no other part."""
