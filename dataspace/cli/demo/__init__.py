"""The main job: one hub, four hospitals and a plant on this machine, in ten steps."""
