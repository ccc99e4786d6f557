"""What pages are made of; each module is one part of the screen."""
