"""How machine code is made: vectors, atomics, the micro-kernel, compile options and the cache. It knows no net."""
