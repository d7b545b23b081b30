-- What comes in by SIP. Nothing here waits for the agent.
local inbox = require "inbox"
local message_text = require "message_text"
local record = require "record"
local settings = require "checked_settings"
local shared_queue = require "shared_queue"
local workers = require "workers"

local requests = {}

-- How many messages of one customer may wait, so that nobody takes the room of all others.
local waiting_of_one_max = math.max(50, math.floor(settings.waiting_messages_max / 10))

-- Addresses and Call-IDs come back in the headers of our own MESSAGEs, which must fit into a packet with some text.
local address_bytes_max = 255

local function reply(status, reason, header)
    if header then
        KSR.hdr.append_to_reply(header .. "\r\n")
    end
    KSR.tm.t_reply(status, reason)
end

-- Who writes: the identity that a trusted peer asserts, else From. Senders who hide it are told apart by their Call-ID.
local function customer_of(call_id)
    local identity = KSR.pv.get("$ai") or KSR.pv.get("$fu")
    local address = identity:gsub("[;?].*$", "")
    if settings.conversation_by == "call-id" or address:lower():match("@anonymous%.invalid") then
        address = address .. " " .. call_id
    end
    return record.escape(address) .. "|" .. record.escape(KSR.pv.get("$rU") or "")
end

local function address_of_answer(call_id)
    local next_hop = settings.next_hop
    local transport = KSR.pv.get("$pr"):lower()
    if next_hop == "" then
        next_hop = ("sip:%s:%d;transport=%s"):format(KSR.pv.get("$siz"), KSR.pv.get("$sp"), transport)
    end
    return {
        to = KSR.pv.get("$fu"),
        from = KSR.pv.get("$tu"),
        next_hop = next_hop,
        socket = settings.next_hop == "" and transport .. ":" .. KSR.pv.get("$Rut"):match("^sips?:([^;]+)") or ".",
        call_id = call_id,
        is_stream = tostring(next_hop:lower():find("transport=t", 1, true) ~= nil), -- tcp or tls
    }
end

local function forward(uri)
    KSR.pv.sets("$ru", uri)
    if settings.next_hop ~= "" then
        KSR.pv.sets("$du", settings.next_hop)
    end
    if KSR.tm.t_relay() < 0 then
        reply(480, "Human Not Reachable")
    end
end

-- Returns what becomes of a message: "accepted", "repeated", "full", or the URI that it is forwarded to. And whether nobody works
-- for this customer yet.
local function admit(customer, call_id, text)
    return shared_queue.locked(customer, function()
        local mark = record.escape(call_id) .. " " .. KSR.pv.get("$cs") .. " " .. record.escape(KSR.pv.get("$ft") or "")
        if KSR.htable.sht_get("seen", mark) ~= nil then
            return "repeated" -- by another way, or after a restart; the transaction answers what is repeated on the same way
        end
        local human = KSR.htable.sht_get("handoff", customer)
        if human and inbox.queue:is_idle(customer) then
            KSR.htable.sht_sets("handoff", customer, human) -- begins its idle time anew
            return human
        end
        if inbox.waiting() >= settings.waiting_messages_max or inbox.queue:waiting(customer) >= waiting_of_one_max then
            return "full"
        end
        local message = address_of_answer(call_id)
        message.text = text
        local is_first = inbox.put_locked(customer, message)
        KSR.htable.sht_sets("seen", mark, "1")
        return "accepted", is_first
    end)
end

local function answer_message()
    local created = KSR.tm.t_newtran()
    if created == 0 then
        return -- repeated: the transaction has sent its reply again
    elseif created < 0 then
        KSR.sl.sl_send_reply(500, "No Transaction")
        return
    end
    local text = KSR.pv.get("$rb")
    for _, name in ipairs({ "$fu", "$tu", "$ci", "$ft", "$ai" }) do
        if #tostring(KSR.pv.get(name) or "") > address_bytes_max then
            return reply(400, "Address Too Long")
        end
    end
    if not message_text.is_plain_utf8(KSR.pv.get("$cT")) then
        return reply(415, "Only Plain Text", "Accept: text/plain;charset=utf-8")
    elseif type(text) ~= "string" or text == "" then
        return reply(400, "No Text")
    elseif #text > settings.message_bytes_max then
        return reply(413, "Text Too Long")
    elseif not message_text.is_utf8(text) then
        return reply(400, "Text Is Not UTF-8")
    end

    local call_id = KSR.pv.get("$ci")
    local customer = customer_of(call_id)
    local decision, is_first = admit(customer, call_id, text)
    if decision == "accepted" or decision == "repeated" then
        reply(202, "Accepted")
    elseif decision == "full" then
        KSR.htable.sht_inc("counters", "refused")
        -- Not 503: that would have peers take this whole server, calls included, out of service.
        reply(480, "All Workers Busy", "Retry-After: " .. settings.retry_after_seconds)
    else
        forward(decision)
    end
    if is_first then
        workers.put_in_line(customer) -- now, so that no answer of the agent overtakes the 202
    end
end

function requests.handle()
    local method = KSR.pv.get("$rm")
    if method == "ACK" then
        return
    elseif KSR.ipops.is_in_subnet(KSR.pv.get("$si"), settings.peers) < 0 then
        KSR.sl.sl_send_reply(403, "Not A Known Peer")
    elseif KSR.maxfwd.process_maxfwd(10) < 0 then
        KSR.sl.sl_send_reply(483, "Too Many Hops")
    elseif method == "OPTIONS" then
        KSR.hdr.append_to_reply("Allow: MESSAGE, OPTIONS\r\nAccept: text/plain\r\n")
        KSR.sl.sl_send_reply(200, "OK")
    elseif method == "MESSAGE" then
        answer_message()
    else
        KSR.hdr.append_to_reply("Allow: MESSAGE, OPTIONS\r\n")
        KSR.sl.sl_send_reply(405, "Method Not Allowed")
    end
end

return requests
