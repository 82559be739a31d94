"""The operating system and what the whole process shares; imports no other part of the library."""
