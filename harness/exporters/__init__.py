"""Float models in the interchange formats that runtimes lower from."""
