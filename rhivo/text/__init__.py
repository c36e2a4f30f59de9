"""Words for people that every face, command and error message needs. No Django models, no business."""
