"""The back office: its site and log-in, the base classes of its pages, and the pages of a business."""
