"""Who somebody is: log-in, tokens, invitations, and their role in a business."""
