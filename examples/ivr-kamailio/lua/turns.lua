-- What a worker does with what a customer wrote: the agent's turn, its answer, its handoff. These calls wait for the agent.
local polyai = require "polyai_chat"
local inbox = require "inbox"
local message_text = require "message_text"
local outgoing = require "outgoing"
local record = require "record"
local settings = require "checked_settings"

local turns = {}

-- Every process has a client of its own; it opens nothing before its first call. Options and keys come from POLYAI_API_KEY and
-- its like.
local client = polyai.assert(polyai.client { load_environment = true, timeout_ms = settings.turn_timeout_ms })

local function log_failure(customer, failure)
    KSR.err(("polyai: %s: %s\n"):format(customer, tostring(failure)))
end

local function say(customer, message, text)
    outgoing.say(customer, message, text)
end

local function in_a_header(text)
    return message_text.plain(text or "", 200)
end

local function tell_human(customer, message, uri, headers)
    outgoing.say("human of " .. customer, {
        to = uri,
        from = message.to,
        next_hop = settings.next_hop ~= "" and settings.next_hop or ".",
        socket = settings.next_hop ~= "" and "." or message.socket,
        call_id = message.call_id,
        is_stream = tostring((settings.next_hop ~= "" and settings.next_hop or uri):lower():find("transport=t", 1, true) ~= nil),
        headers = headers or "",
        customer = customer,
        customer_address = record.encode(message),
    }, message.text)
end

-- The human gets the message that led here, and all that follow; the conversation with the agent ends when it is idle.
local function hand_off(customer, message, conversation_id, handoff)
    local destination = handoff.destination or ""
    local uri = settings.humans[destination] or settings.humans.default
    if not uri then
        log_failure(customer, "no human for the handoff destination " .. in_a_header(destination))
        return say(customer, message, settings.texts.no_human)
    end
    KSR.htable.sht_sets("handoff", customer, uri)
    KSR.htable.sht_inc("counters", "handoffs")
    tell_human(customer, message, uri, table.concat({
        "X-PolyAI-Conversation: " .. in_a_header(conversation_id),
        "X-PolyAI-Handoff-Destination: " .. in_a_header(destination),
        "X-PolyAI-Handoff-Reason: " .. in_a_header(handoff.reason),
        "",
    }, "\r\n"))
end

-- The customer's conversation, wherever it was begun; a new one where there is none. And whether it is new.
local function conversation_of(customer, message)
    local id = KSR.htable.sht_get("conversation", customer)
    if id then
        return client:attach(id), false
    end
    local conversation, failure = client:create {
        integration_attributes = { sip_from = message.to, sip_to = message.from },
    }
    if not conversation then
        return nil, failure
    end
    KSR.htable.sht_sets("conversation", customer, conversation.id)
    local greeting = settings.send_greeting and conversation:greeting_reply().plain_text or ""
    if greeting ~= "" then
        say(customer, message, greeting)
    end
    return conversation, true
end

-- The agent's reply, or nil and why not. What a conversation that is over has refused begins a new one.
local function reply_of(customer, message)
    local conversation, is_new = conversation_of(customer, message)
    if not conversation then
        return nil, is_new
    end
    local reply, failure = conversation:respond(message.text)
    if conversation.is_over then
        KSR.htable.sht_rm("conversation", customer)
        if not reply and failure.may_resend and is_new == false then
            return reply_of(customer, message)
        end
    else
        KSR.htable.sht_sets("conversation", customer, conversation.id) -- begins its idle time anew
    end
    return reply, failure
end

local function answer(customer, message)
    local human = KSR.htable.sht_get("handoff", customer)
    if human then -- it was written while the turn that led to the handoff was under way
        return tell_human(customer, message, human)
    end
    if os.time() - tonumber(message.received_s) > settings.waiting_seconds_max then
        KSR.htable.sht_inc("counters", "too_late")
        KSR.err(("polyai: %s: a message waited for too long\n"):format(customer))
        return say(customer, message, settings.texts.busy)
    end

    local reply, failure = reply_of(customer, message)
    if not reply then
        KSR.htable.sht_inc("counters", "failed")
        log_failure(customer, failure)
        return say(customer, message, failure.may_resend and settings.texts.unavailable or settings.texts.unknown)
    end
    KSR.htable.sht_inc("counters", "answered")
    if reply.plain_text ~= "" then
        say(customer, message, reply.plain_text)
    end
    if reply.handoff then
        hand_off(customer, message, reply.conversation_id or "", reply.handoff)
    end
end

local function close(customer, id)
    local closed, failure = client:close_conversation(id)
    if not closed then
        log_failure(customer, failure)
    end
end

-- Does the next thing that waits for this customer. Returns true when there is more.
function turns.work_for(customer)
    local message = inbox.take(customer)
    if message == nil then
        return false
    end
    local succeeded, failure = pcall(function()
        if message.close then
            close(customer, message.close)
        else
            answer(customer, message)
        end
    end)
    if not succeeded then -- a defect; the customer hears of it all the same
        log_failure(customer, failure)
        if not message.close then
            say(customer, message, settings.texts.unknown)
        end
    end
    return inbox.finish(customer)
end

-- After a restart: nobody knows whether the agent has heard what was in work, so it is not sent again, and the customer is told.
function turns.say_what_is_lost(customer, message)
    if not message.close then
        KSR.htable.sht_inc("counters", "failed")
        KSR.err(("polyai: %s: Kamailio ended during a turn; whether the agent has heard it is unknown\n"):format(customer))
        say(customer, message, settings.texts.unknown)
    end
end

return turns
