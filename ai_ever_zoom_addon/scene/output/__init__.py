"""Where frames go: settings, rendering, sound, farms, a baked camera."""
