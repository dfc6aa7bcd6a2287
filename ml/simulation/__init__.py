"""The parts of the simulated tenant: who, what was signed, paid, used, asked and learned."""
