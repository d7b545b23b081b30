"""A PolyAI agent that answers the tickets of django-helpdesk."""
