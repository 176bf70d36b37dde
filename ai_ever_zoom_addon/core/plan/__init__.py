"""The whole zoom, worked out before anything is made. No bpy."""
