"""AffinityNet and the random walk (Ahn and Kwak 2018): which neighbouring cells belong together, and what follows."""
