"""The zoom as textured planes: control, camera, layers, and what hangs on them."""
