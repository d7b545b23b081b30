-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- How objects are freed.

local json = require "dkjson"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local function collected()
    for _ = 1, 10 do
        collectgarbage()
    end
    return polyai.live_handles()
end

tests["what is collected is freed, and sends nothing"] = function()
    local function use()
        local client = simulator.client()
        local conversation = assert(client:create())
        assert(assert(conversation:start_respond "hello"):wait(20000))
        assert(polyai.cancel())
        assert(polyai.completions())
        assert(polyai.live_handles() >= 5)
    end
    use()
    assert(collected() == 0)
    assert(#simulator.received "create" == 1 and #simulator.received "close" == 0)
end

tests["errors and replies need nothing of the library"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    local reply = assert(conversation:respond "human")
    conversation:close()
    local _, error = conversation:respond "hello"
    conversation:free()
    client:free()
    assert(polyai.live_handles() == 0)
    assert(reply.handoff.destination == "returns-desk" and reply:header "content-type" and error.kind == "conversation_ended")
end

tests["a conversation outlives its client"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    client:free()
    assert(conversation:respond("hello").response == "You said: hello")
end

tests["a mistake in the middle of a request leaves nothing"] = function()
    local client = simulator.client()
    local before = polyai.live_handles()
    for _ = 1, 50 do
        pcall(client.create, client, { integration_attributes = { a = { 1, 2 } }, extra = { f = print }, channel = "sms" })
    end
    assert(polyai.live_handles() == before)
end

tests["a loop of many conversations keeps few handles"] = function()
    local client = simulator.client()
    local most = 0
    for _ = 1, 500 do
        local conversation = assert(client:attach "an id")
        most = math.max(most, polyai.live_handles())
        conversation:free()
    end
    assert(most == 2, most)
end

tests["Lua 5.4 closes at the end of a scope"] = function()
    local load_string = loadstring or load
    local scope = load_string [[
        local client, after = ...
        local conversation <close> = assert(client:create())
        return after(conversation)
    ]]
    if _VERSION < "Lua 5.4" then
        assert(not scope)
        return
    end
    local client = simulator.client()
    assert(scope(client, function(conversation)
        return conversation:respond("hello").response
    end) == "You said: hello")
    assert(#simulator.received "close" == 1)
    -- It is over: nothing is sent.
    scope(client, function(conversation)
        assert(conversation:respond "bye")
    end)
    assert(#simulator.received "close" == 1)
    -- It was freed: nothing is sent.
    scope(client, function(conversation)
        conversation:free()
    end)
    assert(#simulator.received "close" == 1)
    -- An error that is on its way stays that error, and the conversation is closed.
    local is_fine, message = pcall(scope, client, function()
        error("on its way", 0)
    end)
    assert(not is_fine and message == "on its way" and #simulator.received "close" == 2)
    -- A close that fails says so.
    simulator.fault '{"when": {"operation": "close"}, "action": {"answer": {"status": 403}}}'
    is_fine, message = pcall(scope, client, function() end)
    assert(not is_fine and message.kind == "permission", tostring(message))
    is_fine, message = pcall(scope, client, function()
        error("on its way", 0)
    end)
    assert(not is_fine and message == "on its way")
    assert(polyai.live_handles() == 1, "the client")
end

tests["Lua 5.4 frees turns, clients, lists and tokens at the end of a scope"] = function()
    if _VERSION < "Lua 5.4" then
        return
    end
    local scope = assert(load [[
        local simulator, polyai = ...
        local client <close> = simulator.client()
        local turn <close> = assert(client:start_create())
        local token <close> = polyai.cancel()
        local completions <close> = polyai.completions()
    ]])
    scope(simulator, polyai)
    assert(polyai.live_handles() == 0)
end

tests["the module may be loaded twice"] = function()
    local before = simulator.client()
    package.loaded.polyai_chat = nil
    local again = require "polyai_chat"
    package.loaded.polyai_chat = polyai
    assert(again ~= polyai and again.null == polyai.null)
    local client = assert(again.client(simulator.options()))
    local token = polyai.cancel()
    assert(client:create { cancel = token } and before:create { cancel = again.cancel() })
end

tests["numbers of replies are whole"] = function()
    local reply = assert(assert(simulator.client():create()):respond "hello")
    assert(reply.elapsed_us == math.floor(reply.elapsed_us) and not tostring(reply.elapsed_us):find "%.")
    assert(json.encode(reply.elapsed_us))
end

return tests
