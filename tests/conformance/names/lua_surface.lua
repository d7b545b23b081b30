-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Prints what the module of Lua exposes, as JSON: by asking its objects, and what they say to a name that nobody knows.

local polyai = require "polyai_chat"

-- Nobody listens at this port of the machine.
local OPTIONS = { base_url = "http://127.0.0.1:1", account_id = "a", project_id = "p", api_key = "key", token = "token", max_attempts = 1 }

local function names_of(table)
    local found = {}
    for name in pairs(table) do
        found[#found + 1] = name
    end
    return found
end

-- The functions of an object, which are a table that the function behind its fields has.
local function functions_of(object)
    local _, functions = debug.getupvalue(debug.getmetatable(object).__index, 2)
    return names_of(functions)
end

-- What is said to a name that nobody knows.
local function refusal(use, ...)
    local is_fine, message = pcall(use, ...)
    assert(not is_fine)
    return message
end

local function of_unknown_field(object)
    return refusal(function()
        return object.no_such_name
    end)
end

local client = polyai.assert(polyai.client(OPTIONS))
local conversation = polyai.assert(client:attach "id")
local turn = polyai.assert(client:start_create())
local token = polyai.cancel()
local completions = polyai.assert(polyai.completions())
local _, error = client:create()
-- An answer can be asked for its fields by its metatable alone.
local answers = {}
for _, name in ipairs { "greeting", "reply", "closed", "handoff", "error" } do
    answers[name] = of_unknown_field(setmetatable({}, debug.getregistry()["polyai_chat." .. name]))
end

print(polyai.encode_json {
    functions = {
        client = functions_of(client),
        conversation = functions_of(conversation),
        turn = functions_of(turn),
        cancel = functions_of(token),
        completions = functions_of(completions),
        polyai = names_of(polyai),
    },
    fields = {
        client = of_unknown_field(client),
        conversation = of_unknown_field(conversation),
        turn = of_unknown_field(turn),
    },
    answers = answers,
    option = refusal(polyai.client, { no_such_name = 1 }),
    request = refusal(client.create, client, { no_such_name = 1 }),
    options_json = polyai.options_json(),
    describe_json = client:describe_json(),
    metrics_json = client:metrics_json(),
    attempts_json = error.attempts_json,
})
