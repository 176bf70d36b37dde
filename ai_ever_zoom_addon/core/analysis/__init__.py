"""What a folder of images is: the report, how it is made, and what is judged. No bpy."""
