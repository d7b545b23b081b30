-- Which customer's turn it is, and waking the workers that wait for it.
--
-- A wake-up carries nothing: who gets one works until nobody waits. Few are under way at a time, because the socket between the
-- processes is short (net.unix.max_dgram_qlen, often 10); a worker that finds more than it can do wakes another one.
local workers = {}
local wake_ups_max = 8

function workers.wake()
    if KSR.htable.sht_inc("counters", "wake_ups") > wake_ups_max
        or KSR.async.task_group_data("polyai_work", "agent", "wake up") < 0 then
        KSR.htable.sht_dec("counters", "wake_ups")
    end
end

function workers.woken()
    KSR.htable.sht_dec("counters", "wake_ups")
end

function workers.put_in_line(customer)
    KSR.mqueue.mq_add("ready", customer, "1")
    workers.wake()
end

function workers.next_in_line()
    if KSR.mqueue.mq_fetch("ready") < 0 then
        return nil
    end
    local customer = KSR.mqueue.mqk_get("ready")
    if KSR.mqueue.mq_size("ready") > 0 then
        workers.wake()
    end
    return customer
end

-- A wake-up that was not sent because the socket was full is made up for here, once a second.
function workers.wake_if_needed()
    if KSR.mqueue.mq_size("ready") > 0 then
        workers.wake()
    end
end

return workers
