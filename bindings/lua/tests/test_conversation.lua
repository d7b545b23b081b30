-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Conversations that go well.

local json = require "dkjson"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

tests["a handoff"] = function()
    local reply = assert(assert(simulator.client():create()):respond "human")
    assert(reply.handoff.destination == "returns-desk" and reply.handoff.reason == "customer_request")
    assert(json.decode(reply.handoff.json).priority == 2)
    assert(not reply.end_conversation)
    local has_field, message = pcall(function()
        return reply.handoff.destinaton
    end)
    assert(not has_field and message:find("a handoff has no field 'destinaton'; it has: destination, reason, json", 1, true), message)
end

tests["the greeting as a whole"] = function()
    local conversation = assert(simulator.client():create())
    local greeting = conversation:greeting_reply()
    assert(greeting.response == conversation.greeting and greeting.conversation_id == conversation.id)
    assert(greeting.user_id == nil and greeting:header "content-type" == "application/json")
    assert(json.decode(greeting.raw_json).conversation_id == conversation.id)
end

tests["answers and errors as one object"] = function()
    local conversation = assert(simulator.client():create())
    local reply = assert(conversation:respond "human")
    local all = json.decode(reply.json)
    assert(all.operation == "respond" and all.response == reply.response and all.handoff.destination == "returns-desk")
    assert(all.raw_json == reply.raw_json and all.elapsed_us == reply.elapsed_us and #all.headers == #reply.headers)
    assert(json.decode(conversation:greeting_reply().json).conversation_id == conversation.id)
    assert(json.decode(assert(conversation:close()).json).was_over == false)
    local _, error = conversation:respond "hello"
    all = json.decode(error.json)
    assert(all.kind == "conversation_ended" and all.delivery == error.delivery and all.text == tostring(error))
end

tests["what a request carries arrives"] = function()
    local client = simulator.client()
    local conversation = assert(client:create {
        integration_attributes = { order = 4821, vip = true, tags = { "a", "b" }, none = polyai.null },
        variant_id = "returns-uk",
        channel = "voice",
        asr_lang_code = "en-GB",
        tts_lang_code = "en-GB",
        correlation_id = "11111111-2222-4333-8444-555555555555",
        extra = '{"newer": [1, {}]}',
        headers = { traceparent = "00-1-1-00" },
        timeout_ms = 20000,
    })
    assert(conversation:respond("hi", { metadata = { note = "n\0n" }, extra = { list = polyai.empty_array } }))
    local created = simulator.received("create")[1]
    local traced = false
    for _, header in ipairs(created.headers) do
        traced = traced or header[1] == "traceparent" and header[2] == "00-1-1-00"
    end
    assert(traced)
    created = created.content
    assert(created.integration_attributes.order == 4821 and created.integration_attributes.vip == true)
    assert(#created.integration_attributes.tags == 2 and created.integration_attributes.none == polyai.null)
    assert(created.variant_id == "returns-uk" and created.channel == "voice" and created.newer[1] == 1)
    assert(conversation:greeting_reply().correlation_id == "11111111-2222-4333-8444-555555555555")
    local responded = simulator.received("respond")[1]
    assert(responded.content.metadata.note == "n\0n" and responded.body:find('"list":[]', 1, true), responded.body)
end

tests["what is known of a client"] = function()
    local client = simulator.client { recent_attempts = 2, user_agent = "acme-ivr/2.1", max_attempts = 2.0 }
    assert(client.base_url == simulator.url and client.proxy == nil and client.dialect == "current")
    assert(client:warm_up(20000) == true)
    local conversation = assert(client:create())
    assert(conversation:respond "one" and conversation:respond "two")
    local metrics = json.decode(client:metrics_json())
    assert(metrics.create.calls == 1 and metrics.respond.calls == 2 and metrics.opened_connections == 1 and metrics.breaker == "closed")
    local attempts = json.decode(client:recent_attempts_json())
    assert(#attempts == 2 and attempts[2].operation == "respond")
    local described = {}
    for _, setting in ipairs(json.decode(client:describe_json(), 1, polyai.null)) do
        described[setting.name] = setting.value
    end
    assert(described.user_agent == "acme-ivr/2.1" and described.max_attempts == "2" and described.api_key == "set")
    assert(not client:describe_json():find "simulator%-key")
    assert(simulator.received("create")[1].headers[2][2]:find "acme%-ivr/2%.1")
end

tests["many recent attempts are given whole"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    for _ = 1, 63 do
        assert(conversation:respond "x")
    end
    assert(#json.decode(client:recent_attempts_json()) == 64 and #client:recent_attempts_json() > 13000)
end

tests["the environment and a profile are read when they are asked for"] = function()
    local file = os.tmpname()
    local written = assert(io.open(file, "w"))
    written:write(('[staging]\nbase_url = "%s"\ntoken = "simulator-token"\ntimeout_ms = 7000\n'):format(simulator.url))
    written:close()
    local client = assert(polyai.client {
        load_environment = true, -- `run` has set POLYAI_API_KEY
        load_profile = "staging",
        profile_file = file,
        account_id = "simulator-account",
        project_id = "simulator-project",
        timeout_ms = 8000,
    })
    os.remove(file)
    assert(client:create())
    assert(client:describe_json():find '"8000"')
    local nothing, error = polyai.client { account_id = "a", project_id = "p", token = "t", base_url = simulator.url }
    assert(nothing == nil and error.kind == "configuration" and error.message:find "api_key", tostring(error))
    nothing, error = polyai.client { load_profile = "none", profile_file = "/no/such/file" }
    assert(nothing == nil and error.kind == "configuration" and error.message:find("/no/such/file", 1, true))
end

tests["the module says what it is"] = function()
    assert(polyai.VERSION:match "^%d+%.%d+%.%d+$")
    assert(polyai.abi_oldest() <= polyai.abi_newest())
    assert(polyai.build_features():find "rustls")
    assert(json.decode(polyai.options_json())[1].name == "api_key")
    assert(polyai.live_handles() == 0)
end

return tests
