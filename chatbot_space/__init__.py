"""chatbot_space."""
