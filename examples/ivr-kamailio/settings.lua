-- What an installation decides. Keys do not belong here: see README.md. `kamcmd app_lua.reload` makes changes count.
return {
    -- Who may send MESSAGEs: the addresses of your proxies, trunks and registrars. What they say about the sender is believed.
    peers = "127.0.0.0/8, ::1/128",

    -- Where the agent's words go: a URI such as "sip:10.0.0.1;transport=udp"; "" is where the customer's message came from.
    next_hop = "",

    -- What makes messages one conversation: the same "sender" writing to the same number, or the same "call-id". Telephones and
    -- apps take a new Call-ID for every message.
    conversation_by = "sender",

    -- A handoff's destination → the URI that the customer's messages are forwarded to. `default` serves any other destination.
    humans = {
        default = "sip:service-desk@pbx.example.com",
        ["returns-desk"] = "sip:returns@pbx.example.com",
    },

    -- The longest that a worker waits for one turn of the agent.
    turn_timeout_ms = 20000,

    -- How many messages may wait for a worker; more are refused with 480 and Retry-After. One that waited for too long is not
    -- given to the agent any more, and `busy` is said.
    waiting_messages_max = 1000,
    waiting_seconds_max = 60,
    retry_after_seconds = 10,

    -- The longest message that a customer may write.
    message_bytes_max = 16000,

    -- Whether the agent's greeting is sent too, before its answer to the first message.
    send_greeting = false,

    -- How large a MESSAGE may be: the whole request over UDP (RFC 3428), its text over TCP. Longer answers become several.
    datagram_bytes_max = 1300,
    stream_bytes_max = 16000,

    -- What the customer reads when the agent cannot answer.
    texts = {
        -- The agent has not heard the message: sending it again is safe.
        unavailable = "Sorry, we cannot answer right now. Please send your message again in a few minutes.",
        -- Nobody knows whether the agent has heard it.
        unknown = "Sorry, something went wrong and your last message may not have reached us. If you asked us to do something, "
            .. "please ask whether it was done before you repeat it.",
        -- It waited for too long.
        busy = "Sorry, we are very busy and have not read your last message. Please send it again in a few minutes.",
        -- A handoff whose destination is not in `humans`.
        no_human = "Sorry, nobody is there to take over right now. Please try again later.",
    },
}
