"""The zoom as image strips in the Video Sequencer."""
