-- What one process does once a second: what an earlier run left, entries that have expired, wake-ups that were not sent.
local inbox = require "inbox"
local outgoing = require "outgoing"
local record = require "record"
local turns = require "turns"
local workers = require "workers"

local housekeeping = {}

-- Runs before the processes are there: what is found now was left by an earlier run.
function housekeeping.note_left_over()
    for _, queue in ipairs(outgoing.left_over()) do
        KSR.mqueue.mq_add("left_over", "outbox " .. queue.key, queue.in_work or "-")
    end
    for _, queue in ipairs(inbox.left_over()) do
        KSR.mqueue.mq_add("left_over", "inbox " .. queue.key, queue.in_work or "-")
    end
end

local function take_left_over()
    while KSR.mqueue.mq_fetch("left_over") > 0 do
        local name, key = KSR.mqueue.mqk_get("left_over"):match("^(%S+) (.*)$")
        local in_work = KSR.mqueue.mqv_get("left_over")
        if name == "outbox" then
            outgoing.resume(key, in_work ~= "-")
        elseif in_work == "-" then
            workers.put_in_line(key)
        else
            turns.say_what_is_lost(key, record.decode(in_work))
            if inbox.finish(key) then
                workers.put_in_line(key)
            end
        end
    end
end

-- An expired entry of "conversation" is a conversation to close, one of "sending" a MESSAGE that was never answered.
local function take_expired()
    while KSR.mqueue.mq_fetch("expired") > 0 do
        local event, key = KSR.mqueue.mqk_get("expired"):match("^(%S+) (.*)$")
        local value = KSR.mqueue.mqv_get("expired")
        if event == "sending" then
            outgoing.over(value, 408)
        elseif inbox.put(key, { close = value }) then
            workers.put_in_line(key)
        end
    end
end

-- Runs in the process that holds the table's lock: it only takes note.
function housekeeping.note_expired(event)
    local name = event:match("^htable:expired:(.*)$")
    if name == "conversation" or name == "sending" then
        KSR.mqueue.mq_add("expired", name .. " " .. KSR.pv.get("$shtrecord(key)"), KSR.pv.get("$shtrecord(value)"))
    end
end

function housekeeping.sweep()
    take_left_over()
    take_expired()
    workers.wake_if_needed()
end

return housekeeping
