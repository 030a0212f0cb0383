"""From CAMs to pseudo-labels: dense CRF, labels with ignored pixels, pictures and exports. Free of torch."""
