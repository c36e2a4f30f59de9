"""The back office: its site and log-in, what its pages are made of, and the pages of a business."""
