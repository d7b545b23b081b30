-- What Kamailio calls: requests and replies in the receivers, turns in the workers of the group "agent", the rest in a timer.
POLYAI_DIRECTORY = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"

local modules = {
    "checked_settings", "housekeeping", "inbox", "message_text", "outgoing",
    "record", "requests", "shared_queue", "turns", "workers",
}

local function load_modules()
    local path = package.path
    package.path = POLYAI_DIRECTORY .. "?.lua;" .. path
    for _, name in ipairs(modules) do
        package.loaded[name] = nil -- `app_lua.reload` runs this file again
    end
    local succeeded, failure = pcall(function()
        return { requests = require "requests", outgoing = require "outgoing", turns = require "turns",
            workers = require "workers", housekeeping = require "housekeeping" }
    end)
    package.path = path
    return succeeded, failure
end

local succeeded, loaded = load_modules()
if succeeded then
    POLYAI = loaded
elseif POLYAI then -- a reload must not stop the traffic
    POLYAI_COMPLAINT = "polyai: not reloaded, what was loaded before goes on: " .. tostring(loaded) .. "\n"
else
    error(tostring(loaded), 0)
end

-- A reload happens before a message is there, and without one Kamailio does not log.
local function complain()
    if POLYAI_COMPLAINT then
        KSR.err(POLYAI_COMPLAINT)
        POLYAI_COMPLAINT = nil
    end
end

function ksr_request_route()
    complain()
    local fine, failure = pcall(POLYAI.requests.handle)
    if not fine then
        KSR.err("polyai: " .. tostring(failure) .. "\n")
        KSR.sl.send_reply(500, "Server Internal Error")
    end
end

function ksr_reply_route()
    local status = KSR.pv.get("$rs")
    if status >= 200 and KSR.pv.get("$rm") == "MESSAGE" then
        POLYAI.outgoing.answered(KSR.pv.get("$ft"), status)
    end
    return 1
end

function polyai_work()
    POLYAI.workers.woken()
    local customer = POLYAI.workers.next_in_line()
    while customer do
        if POLYAI.turns.work_for(customer) then
            POLYAI.workers.put_in_line(customer) -- behind all others
        end
        customer = POLYAI.workers.next_in_line()
    end
end

function polyai_sweep()
    POLYAI.housekeeping.sweep()
end

function polyai_table_event(event)
    if event == "htable:mod-init" then
        POLYAI.housekeeping.note_left_over()
    else
        POLYAI.housekeeping.note_expired(event)
    end
end
