"""The customers' pages. Each reads its form, calls one operation, and shows a page or redirects to one."""
