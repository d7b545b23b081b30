-- Queues in a table of Kamailio's shared memory, one for each key: what is put in by one process is taken out by another, in
-- order and one at a time. What was taken stays in the table until it is done with, so that a later start finds what was lost.
--
-- A key's state is "FIRST LAST": FIRST is the entry in work, those up to LAST wait. Without a state nobody works on the key.
local record = require "record"

local shared_queue = {}
shared_queue.__index = shared_queue

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

-- Runs `action` while no other process does so for the same key. Kamailio would never release the lock after an error.
function shared_queue.locked(key, action)
    KSR.htable.sht_lock("lock", key)
    local succeeded, result, more = pcall(action)
    KSR.htable.sht_unlock("lock", key)
    if not succeeded then
        error(result, 0)
    end
    return result, more
end

function shared_queue.new(name)
    return setmetatable({ name = name }, shared_queue)
end

function shared_queue:state(key)
    local text = KSR.htable.sht_get(self.name, key)
    if is_text(text) then
        local first, last = text:match("^(%d+) (%d+)$")
        return tonumber(first), tonumber(last)
    end
end

function shared_queue:set(name, text)
    if KSR.htable.sht_sets(self.name, name, text) < 0 then
        error("Kamailio's shared memory is full; give it more with -m", 0)
    end
end

function shared_queue:set_state(key, first, last)
    self:set(key, ("%d %d"):format(first, last))
end

function shared_queue.entry(key, number)
    return key .. "#" .. number
end

function shared_queue:is_idle(key)
    return self:state(key) == nil
end

-- How many wait, the one in work not counted.
function shared_queue:waiting(key)
    local first, last = self:state(key)
    return first and last - first or 0
end

-- Returns true when nobody works on the key yet: the caller that put this in sees to it that somebody does. The caller holds the lock.
function shared_queue:push_locked(key, fields)
    local first, last = self:state(key)
    local number = (last or 0) + 1
    self:set(self.entry(key, number), record.encode(fields))
    self:set_state(key, first or 0, number)
    return first == nil
end

function shared_queue:push(key, fields)
    return self.locked(key, function()
        return self:push_locked(key, fields)
    end)
end

-- The next one, which is in work from now on; nil when there is none.
function shared_queue:take(key)
    return self.locked(key, function()
        local first, last = self:state(key)
        if first == last then -- both nil; or a crash left an empty queue
            KSR.htable.sht_rm(self.name, key)
            return nil
        end
        self:set_state(key, first + 1, last)
        return record.decode(KSR.htable.sht_get(self.name, self.entry(key, first + 1)))
    end)
end

-- The fields of the one in work, for the worker on the key; nil when there is none.
function shared_queue:in_work(key)
    local first = self:state(key)
    local text = first and KSR.htable.sht_get(self.name, self.entry(key, first))
    return is_text(text) and record.decode(text) or nil
end

-- The one in work is done. Returns true when another one waits; else nobody works on the key any more.
function shared_queue:finish(key)
    return self.locked(key, function()
        local first, last = self:state(key)
        if first == nil then
            return false
        end
        KSR.htable.sht_rm(self.name, self.entry(key, first))
        if first == last then
            KSR.htable.sht_rm(self.name, key)
            return false
        end
        return true
    end)
end

-- What an earlier run of Kamailio left, before anybody works: a list of { key, waiting, in_work = encoded fields or nil }.
-- The keys keep their state, so that whatever comes for them waits until the caller has gone on with them.
function shared_queue:left_over()
    local keys = {}
    KSR.htable.sht_iterator_start("left", self.name)
    while KSR.htable.sht_iterator_next("left") > 0 do
        local key = KSR.pv.get("$shtitkey(left)")
        if not key:find("#", 1, true) then
            keys[#keys + 1] = key
        end
    end
    KSR.htable.sht_iterator_end("left")

    local found = {}
    for _, key in ipairs(keys) do
        local first, last = self:state(key)
        if first then
            local in_work = KSR.htable.sht_get(self.name, self.entry(key, first))
            found[#found + 1] = { key = key, waiting = last - first, in_work = is_text(in_work) and in_work or nil }
        end
    end
    return found
end

-- The one that was in work waits again, as the next one.
function shared_queue:put_back(key)
    self.locked(key, function()
        local first, last = self:state(key)
        self:set_state(key, first - 1, last)
    end)
end

return shared_queue
