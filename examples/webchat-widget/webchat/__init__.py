"""The backend of a chat widget: browsers talk to it with a cookie, and it talks to the agent with your keys.

`uvicorn --factory webchat.app:make_app` serves it.
"""
