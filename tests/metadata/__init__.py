"""The cluster's metadata: images, replay, snapshots."""
