-- What customers wrote and the agent has not heard, and conversations to close: for each customer in order, one at a time.
local shared_queue = require "shared_queue"

local inbox = { queue = shared_queue.new("inbox") }

function inbox.waiting()
    return KSR.htable.sht_get("counters", "waiting") or 0
end

-- Returns true when nobody works for this customer yet.
function inbox.put_locked(customer, fields)
    fields.received_s = os.time()
    local is_first = inbox.queue:push_locked(customer, fields)
    KSR.htable.sht_inc("counters", "waiting")
    return is_first
end

function inbox.put(customer, fields)
    return shared_queue.locked(customer, function()
        return inbox.put_locked(customer, fields)
    end)
end

function inbox.take(customer)
    local fields = inbox.queue:take(customer)
    if fields then
        KSR.htable.sht_dec("counters", "waiting")
    end
    return fields
end

function inbox.finish(customer)
    return inbox.queue:finish(customer)
end

-- What an earlier run of Kamailio left, with the count of those that wait set right.
function inbox.left_over()
    local found = inbox.queue:left_over()
    for _, queue in ipairs(found) do
        for _ = 1, queue.waiting do
            KSR.htable.sht_inc("counters", "waiting")
        end
    end
    return found
end

return inbox
