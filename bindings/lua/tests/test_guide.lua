-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- That what docs/lua.md shows runs, and that it leaves nothing out.

local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local function guide()
    local file = assert(io.open "../../../docs/lua.md")
    local text = file:read "*a"
    file:close()
    return text
end

-- A chunk that sees these names beside Lua's own.
local function chunk_of(text, names)
    setmetatable(names, { __index = _G })
    if setfenv then
        return setfenv(assert(loadstring(text)), names)
    end
    return assert(load(text, "docs/lua.md", "t", names))
end

-- Runs an example; gives what it prints.
local function printed(text)
    local lines = {}
    local client = simulator.client()
    local conversation = assert(client:create())
    local of_guide = setmetatable({
        client = function(options)
            options.studio_url = nil -- where no simulator is
            return polyai.client(simulator.options(options))
        end,
    }, { __index = polyai })
    local is_fine, message = pcall(chunk_of(text, {
        require = function()
            return of_guide
        end,
        print = function(line)
            lines[#lines + 1] = line
        end,
        polyai = of_guide,
        client = client,
        conversation = conversation,
        id = conversation.id,
        caller_has_hung_up = function()
            return false
        end,
    }))
    return table.concat(lines, "\n"), is_fine, message
end

tests["the examples run"] = function()
    local count = 0
    for text in guide():gmatch "```lua\n(.-)```" do
        -- The keys of the guide are none of the simulator's.
        local _, is_fine, message = printed((text:gsub('"the%-key"', '"simulator-key"'):gsub('"the%-connector%-token"', '"simulator-token"')))
        assert(is_fine, message)
        count = count + 1
    end
    assert(count == 6, count)
end

tests["the example of a failure says what is to be done"] = function()
    local example
    for text in guide():gmatch "```lua\n(.-)```" do
        example = text:find "may_resend" and text or example
    end
    simulator.fault '{"when": {"operation": "respond"}, "action": {"reset": {"at": "after_turn"}}}'
    assert(printed(example):find "^The agent may have cancelled the order. A person must look.\nfailed: connect")
    simulator.reset()
    simulator.fault '{"when": {"operation": "respond"}, "action": {"answer": {"status": 429, "retry_after": {"seconds": 90}}}}'
    assert(printed(example):find "^Try again in 90000 ms.\nfailed: rate_limited")
end

tests["every function and field is in the guide"] = function()
    local text = guide()
    local function is_there(words)
        assert(text:find("`" .. words, 1, true) or text:find("`" .. words:gsub("^%w+[:.]", "", 1) .. "`", 1, true), words)
    end
    local client = simulator.client()
    local conversation = assert(client:create())
    local objects = { client = client, conversation = conversation, turn = assert(client:start_create()), token = polyai.cancel() }
    objects.completions = assert(polyai.completions())
    for word, object in pairs(objects) do
        local _, functions = debug.getupvalue(debug.getmetatable(object).__index, 2)
        assert(_VERSION == "Lua 5.1" or next(functions), "only 5.1 hides what a function of C has")
        for name in pairs(functions or {}) do
            is_there(("%s:%s("):format(word, name))
        end
        local _, message = pcall(function()
            return object.no_such_name
        end)
        for name in message:match("its fields are: (.*)"):gmatch "[%w_]+" do
            if name ~= "none" then
                is_there(("%s.%s"):format(word, name))
            end
        end
    end
    for name in pairs(polyai) do
        is_there("polyai." .. name)
    end
    for _, name in ipairs { "greeting", "reply", "closed", "handoff", "error" } do
        local of_registry = debug.getregistry()["polyai_chat." .. name]
        local _, message = pcall(function()
            return setmetatable({}, of_registry).no_such_name
        end)
        for field in message:match("it has: (.*)"):gmatch "[%w_]+" do
            assert(text:find("`" .. field .. "`", 1, true), name .. "." .. field)
        end
    end
    local _, message = pcall(client.create, client, { no_such_name = 1 })
    for field in message:match("known are (.*)"):gmatch "[%w_]+" do
        assert(text:find("`" .. field .. "`", 1, true), field)
    end
end

return tests
