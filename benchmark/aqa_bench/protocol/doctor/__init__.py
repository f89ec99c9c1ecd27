"""What works on this machine: methods, renderers and speed, tried on tiny data made in memory."""
