-- MESSAGEs of our own: those to one recipient go out in order, the next one when the one before it was answered.
local message_text = require "message_text"
local record = require "record"
local settings = require "checked_settings"
local shared_queue = require "shared_queue"

local outgoing = {}
local outbox = shared_queue.new("outbox")
local address_fields = { "to", "from", "next_hop", "socket", "call_id", "is_stream", "headers", "customer", "customer_address" }

-- A From tag is all that distinguishes two of our MESSAGEs with the Call-ID of the customer's.
local function new_tag()
    return ("polyai-%x-%x"):format(os.time(), KSR.htable.sht_inc("counters", "sent"))
end

local longest_tag = ("polyai-%x-%x"):format(0x7fffffff, 0x7fffffff)

local function headers_of(message, tag)
    local lines = {
        ("From: <%s>;tag=%s"):format(message.from, tag),
        ("To: <%s>"):format(message.to),
        "Call-ID: " .. message.call_id,
        "CSeq: 1 MESSAGE",
        "Content-Type: text/plain;charset=utf-8",
    }
    return table.concat(lines, "\r\n") .. "\r\n" .. (message.headers or "")
end

-- How much text fits: RFC 3428 allows a whole request over UDP 1300 bytes. What Kamailio adds is a request line, Via,
-- Max-Forwards, User-Agent and Content-Length: 330 bytes, beside the addresses.
local function text_bytes_max(message)
    if message.is_stream == "true" then
        return settings.stream_bytes_max
    end
    local taken = 330 + #message.to + #headers_of(message, longest_tag) + #(message.next_hop or "")
    return math.max(settings.datagram_bytes_max - taken, 64)
end

local function undelivered(recipient, message, what_happened)
    KSR.htable.sht_inc("counters", "undelivered")
    KSR.err(("polyai: a MESSAGE to %s %s\n"):format(recipient, what_happened))
    if message and message.customer then -- it was the customer's, for a human
        outgoing.say(message.customer, record.decode(message.customer_address), settings.texts.no_human)
    end
end

-- Sends the next one that waits, and goes on to another one where that cannot even be begun.
local function send_next(recipient)
    repeat
        local message = outbox:take(recipient)
        if message == nil then
            return
        end
        local tag = new_tag()
        KSR.htable.sht_sets("sending", tag, recipient)
        local headers = headers_of(message, tag)
        if KSR.tm.t_uac_send("MESSAGE", message.to, message.next_hop, message.socket, headers, message.text) > 0 then
            return -- answered() goes on
        end
        KSR.htable.sht_rm("sending", tag)
        undelivered(recipient, message, "cannot be sent")
    until not outbox:finish(recipient)
end

-- `recipient` names the queue, `address` holds `address_fields`: `customer` is who hears of it where this is undeliverable, and
-- `customer_address` (encoded) says where.
function outgoing.say(recipient, address, text)
    local begin = false
    for _, part in ipairs(message_text.split(text, text_bytes_max(address))) do
        local message = { text = part }
        for _, name in ipairs(address_fields) do
            message[name] = address[name]
        end
        begin = outbox:push(recipient, message) or begin
    end
    if begin then
        send_next(recipient)
    end
end

-- One of ours was answered, or never will be (status 408). Returns false for a tag that is not ours, or no more.
function outgoing.answered(tag, status)
    local recipient = shared_queue.locked(tag, function()
        local found = KSR.htable.sht_get("sending", tag)
        KSR.htable.sht_rm("sending", tag)
        return found
    end)
    if type(recipient) ~= "string" then
        return false
    end
    outgoing.over(recipient, status)
    return true
end

function outgoing.over(recipient, status)
    if status >= 300 then
        undelivered(recipient, outbox:in_work(recipient), ("was not delivered (%d)"):format(status))
    end
    if outbox:finish(recipient) then
        send_next(recipient)
    end
end

function outgoing.left_over()
    return outbox:left_over()
end

-- After a restart: the one that was under way may have arrived, and is sent again; twice is better than never for what we say.
function outgoing.resume(recipient, was_under_way)
    if was_under_way then
        outbox:put_back(recipient)
    end
    send_next(recipient)
end

return outgoing
