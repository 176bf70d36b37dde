"""The thinking half of the add-on: numpy only, never touches bpy."""
