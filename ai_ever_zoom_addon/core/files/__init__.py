"""Files: a folder's images, their headers, what moves, and what is written. No bpy."""
