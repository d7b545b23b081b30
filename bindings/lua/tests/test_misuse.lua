-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- What is wrong in the program itself is raised, names the argument and says what would be right. Nothing is sent.

local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

-- Calls a function that should raise an error with these words.
local function raises(words, call, ...)
    local is_fine, message = pcall(call, ...)
    assert(not is_fine, "it should have raised: " .. words)
    assert(type(message) == "string" and message:find(words, 1, true), ("%s\nshould say: %s"):format(tostring(message), words))
end

tests["options"] = function()
    raises("polyai.client: options should be a table, not nil", polyai.client)
    raises('polyai.client: unknown option "connector_token"; known are api_key, token', polyai.client, { connector_token = "x" })
    raises("beside them load_environment, load_profile, profile_file, on_log and on_attempt", polyai.client, { no_such_name = 1 })
    raises("polyai.client: options have names as keys, such as api_key, not a number", polyai.client, { "key" })
    raises("polyai.client: api_key should be a string, a whole number or a boolean, not a table", polyai.client, { api_key = {} })
    raises("polyai.client: timeout_ms should be a string, a whole number or a boolean, not 1.5", polyai.client, { timeout_ms = 1.5 })
    raises("polyai.client: timeout_ms should be a string, a whole number or a boolean, not", polyai.client, { timeout_ms = 0 / 0 })
    raises("polyai.client: on_log should be a function, not a string", polyai.client, { on_log = "print" })
    raises("polyai.client: load_environment should be a boolean, not a number", polyai.client, { load_environment = 1 })
    raises("polyai.client: load_profile should be a boolean or a string, not a table", polyai.client, { load_profile = {} })
    raises("polyai.client: profile_file should be a string or nil, not a boolean", polyai.client, { profile_file = true })
end

tests["requests"] = function()
    local client = simulator.client()
    local conversation = assert(client:attach "a")
    raises("client:create: request should be a table or nil, not a string", client.create, client, "sms")
    raises('client:create: unknown field "timeout"; known are integration_attributes', client.create, client, { timeout = 1 })
    raises("client:create: a request has names as keys, such as timeout_ms, not a number", client.create, client, { 5 })
    raises("client:create: timeout_ms should be a whole number of milliseconds, not a string", client.create, client, { timeout_ms = "5" })
    raises("client:create: timeout_ms should be a whole number of milliseconds, not -1", client.create, client, { timeout_ms = -1 })
    raises("client:create: timeout_ms should be a whole number of milliseconds, not", client.create, client, { timeout_ms = 0 / 0 })
    raises("client:create: channel should be a string, not a number", client.create, client, { channel = 5 })
    raises("client:create: extra should be a table or the string of a JSON object, not a number", client.create, client, { extra = 5 })
    raises("client:create: cancel should be a token of polyai.cancel(), not a client", client.create, client, { cancel = client })
    raises("client:create: cancel_when should be a function, not a boolean", client.create, client, { cancel_when = true })
    raises("client:start_create: cancel_when is for calls that block", client.start_create, client, { cancel_when = print })
    raises("conversation:respond: message should be a string or nil, not a table", conversation.respond, conversation, {})
    raises("conversation:respond: message should be a string or nil, not a number", conversation.respond, conversation, 5)
    raises("conversation:respond: request should be a table or nil, not a number", conversation.respond, conversation, "hi", 5)
    raises("client:respond: id should be a string, not nil", client.respond, client)
    raises("client:respond: id should be a string, not a conversation", client.respond, client, conversation, "hello")
    raises("client:attach: id should be a string, not nil", client.attach, client)
    raises("client:warm_up: timeout_ms should be a whole number of milliseconds, not nil", client.warm_up, client)
    raises("client:start_warm_up: timeout_ms should be a whole number of milliseconds, not nil", client.start_warm_up, client)
    raises("client:shut_down_and_wait: milliseconds should be a whole number of milliseconds, not a boolean", client.shut_down_and_wait, client, true)
    raises("client:recent_attempts_json: after should be a whole number, not a string", client.recent_attempts_json, client, "1")
    raises("client:recent_log_lines_json: after should be a whole number, not -1", client.recent_log_lines_json, client, -1)
    raises("client:start_close_conversation: id should be a string, not nil", client.start_close_conversation, client)
    raises("client:replace_credentials: token should be a string, not nil", client.replace_credentials, client, "key")
    local token = polyai.cancel()
    token:free()
    raises("client:create: cancel is a token that was freed", client.create, client, { cancel = token })
    assert(#simulator.received "create" == 0 and #simulator.received "respond" == 0)
end

tests["lists of completions"] = function()
    local completions = assert(polyai.completions())
    local turn = assert(simulator.client():start_create())
    raises("completions:expect: turn should be a turn, not nil", completions.expect, completions)
    raises("completions:expect: turn should be a turn, not a list of completions", completions.expect, completions, completions, 1)
    raises("completions:expect: tag should be what take() is to give for this turn, such as the turn itself, not nil", completions.expect,
        completions, turn)
    raises("completions:wait: milliseconds should be a whole number of milliseconds, not nil", completions.wait, completions)
    raises("completions:wait: milliseconds should be a whole number of milliseconds, not -1", completions.wait, completions, -1)
    raises("completions:wait: milliseconds should be a whole number of milliseconds, not 0.5", completions.wait, completions, 0.5)
    raises("completions:take: should be called with a colon on a list of completions", completions.take, turn)
    raises("a list of completions has no field or function 'fd'; its fields are: none", function()
        return completions.fd
    end)
    assert(turn:take())
    raises("completions:expect: this turn was taken; expect it before that", completions.expect, completions, turn, 1)
    turn:free()
    raises("completions:expect: this turn was freed; expect it before that", completions.expect, completions, turn, 1)
    completions:free()
    raises("completions:wait: this list of completions was freed", completions.wait, completions, 1)
    raises("completions:take: this list of completions was freed", completions.take, completions)
end

tests["functions that are called on something else"] = function()
    local client = simulator.client()
    local conversation = assert(client:attach "a")
    raises("client:create: should be called with a colon on a client, as in client:create(...); it was called on nil", client.create)
    raises("it was called on a conversation", client.create, conversation)
    raises("it was called on a table", conversation.respond, {}, "hello")
    raises("it was called on a userdata", conversation.respond, io.stdout, "hello")
end

tests["fields that are not there"] = function()
    local client = simulator.client()
    local conversation = assert(client:attach "a")
    raises("a client has no field or function 'bas_url'; its fields are: base_url, proxy, dialect", function()
        return client.bas_url
    end)
    raises("a conversation has no field or function 'ended'; its fields are: id, greeting, state, is_over", function()
        return conversation.ended
    end)
    raises("a conversation has no field with a number as its name", function()
        return conversation[1]
    end)
    raises("a client cannot be given fields", function()
        client.name = "x"
    end)
    assert(getmetatable(client) == false)
end

tests["what was freed"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    local turn = assert(conversation:start_respond "hello")
    local token = polyai.cancel()
    local completions = assert(polyai.completions())
    local objects = { client = client, conversation = conversation, turn = turn, ["cancel token"] = token, ["list of completions"] = completions }
    for word, object in pairs(objects) do
        object:free()
        raises(("this %s was freed already; it is freed once"):format(word), object.free, object)
        assert(tostring(object):find "%(freed%)")
    end
    raises("client:create: this client was freed; it can be used only before that", client.create, client)
    raises("conversation:respond: this conversation was freed", conversation.respond, conversation, "hello")
    raises("conversation.id: this conversation was freed", function()
        return conversation.id
    end)
    raises("turn:wait: this turn was freed", turn.wait, turn, 1)
    raises("turn:take: this turn was freed", turn.take, turn)
    raises("token:cancel: this cancel token was freed", token.cancel, token)
    raises("token:cancel_for_good: this cancel token was freed", token.cancel_for_good, token)
    raises("turn.operation: this turn was freed", function()
        return turn.operation
    end)
    assert(polyai.live_handles() == 0)
end

tests["errors name the line that is wrong"] = function()
    local client = simulator.client()
    local _, message = pcall(function()
        client:create { timeout = 1 }
    end)
    assert(message:find "^[^:]*test_misuse.lua:%d+: client:create", message)
end

tests["nothing is left by what was refused"] = function()
    local client = simulator.client()
    client:free()
    for _ = 1, 100 do
        pcall(polyai.client, { api_key = "a", timeout_ms = {} })
        pcall(polyai.client, { no_such_name = "a" })
    end
    assert(polyai.live_handles() == 0, "handles wait for the garbage collector")
end

return tests
