select x + x
