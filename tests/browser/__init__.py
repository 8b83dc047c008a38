"""What people see, in a real Chromium: on pages with the snippet, in the demo, on the owner's pages."""
