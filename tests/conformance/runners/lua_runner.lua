-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- The runner of Lua: does what steps say with `polyai_chat`, and writes the outcome of each. For Lua 5.1 to 5.4 and LuaJIT.
--
-- A state is one thread: what a case has done on a thread of its own is started here, and answered when its descriptor is readable. Every
-- object of a case is freed before the next one, and the library must agree that none is left.

local host = require "host"
local json = require "dkjson"
local polyai = require "polyai_chat"

local LOOKED_UP = "X-POLYAI-Correlation-ID" -- a header, in whatever case
local STDIN = 0
local PATIENCE_MS = 20000 -- how long a started call is waited for at most

-- ---- JSON ---------------------------------------------------------------------------------------------

-- JSON that is there already, to be written as it is.
local function raw(text)
    return { raw_json = text or "null" }
end

local write

local function write_table(value)
    if value.raw_json then
        return value.raw_json
    end
    local parts = {}
    if value.is_list then
        for _, element in ipairs(value) do
            parts[#parts + 1] = write(element)
        end
        return "[" .. table.concat(parts, ",") .. "]"
    end
    for name, element in pairs(value) do
        parts[#parts + 1] = write(name) .. ":" .. write(element)
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

-- What is not UTF-8 is shown by its length alone.
function write(value)
    if type(value) == "table" then
        return write_table(value)
    end
    local is_text, text = pcall(polyai.encode_json, value)
    return is_text and text or polyai.encode_json(("%d bytes that are no UTF-8"):format(#value))
end

local function or_null(value)
    if value == nil then
        return polyai.null
    end
    return value
end

local function are_equal(one, other)
    if type(one) ~= "table" or type(other) ~= "table" then
        return one == other
    end
    for name, value in pairs(one) do
        if not are_equal(value, other[name]) then
            return false
        end
    end
    for name in pairs(other) do
        if one[name] == nil then
            return false
        end
    end
    return true
end

-- ---- What came ------------------------------------------------------------------------------------------

local function of_headers(headers)
    local shown = { is_list = true }
    for _, header in ipairs(headers) do
        shown[#shown + 1] = { is_list = true, header.name, header.value }
    end
    return shown
end

-- What is wrong with `whole`, which should have in one object what is shown field by field; nil where they agree. A value that is no UTF-8
-- stands there as its bytes.
local function disagreement(shown, whole)
    local alone, all = json.decode(write(shown), 1, polyai.null), json.decode(whole, 1, polyai.null)
    alone.raw_json = alone.raw
    for _, header in ipairs(all.headers) do
        if type(header[2]) == "table" then
            header[2] = ("%d bytes that are no UTF-8"):format(#header[2])
        end
    end
    for name, value in pairs(all) do
        if not are_equal(value, alone[name]) then
            return ("`%s` is not the field of this name"):format(name)
        end
    end
end

-- What is shown of an answer, and what is wrong with it.
local function of_answer(operation, answer, names)
    local shown = {
        operation = answer.operation,
        raw = answer.raw_json,
        unknown_fields = raw(answer.unknown_fields_json),
        headers = of_headers(answer.headers),
        header = or_null(answer:header(LOOKED_UP)),
        correlation_id = answer.correlation_id,
        elapsed_us = answer.elapsed_us,
    }
    for _, name in ipairs(names) do
        shown[name] = or_null(answer[name])
    end
    local handoff = operation == "respond" and answer.handoff
    shown.handoff = handoff
            and { destination = or_null(handoff.destination), reason = or_null(handoff.reason), raw = raw(handoff.json) }
        or operation == "respond" and polyai.null
        or nil
    local wrong = disagreement(shown, answer.json)
    if answer.operation ~= operation then
        wrong = ("the answer is that of a %s"):format(answer.operation)
    end
    shown.operation = nil
    return shown, wrong
end

local function of_reply(reply)
    local shown, wrong = of_answer("respond", reply, { "response", "plain_text", "conversation_id", "end_conversation" })
    return { reply = shown, wrong = wrong }
end

local function of_greeting(greeting)
    local shown, wrong = of_answer("create", greeting, { "response", "plain_text", "conversation_id", "user_id" })
    return { greeting = shown, wrong = wrong }
end

local function of_closed(closed)
    local shown, wrong = of_answer("close", closed, { "was_over" })
    return { closed = shown, wrong = wrong }
end

local function of_error(error)
    local shown = {}
    for _, name in ipairs { "kind", "number", "delivery", "may_resend", "phase", "message", "error_code", "service_message" } do
        shown[name] = or_null(error[name])
    end
    for _, name in ipairs { "correlation_id", "retry_after_ms", "body_excerpt", "cause" } do
        shown[name] = or_null(error[name])
    end
    shown.text = tostring(error)
    shown.http_status = or_null(error.status)
    shown.attempts = raw(error.attempts_json)
    shown.headers = of_headers(error.headers)
    shown.header = or_null(error:header(LOOKED_UP))
    local answer = { error = shown, wrong = disagreement(shown, error.json) }
    if #json.decode(error.attempts_json) ~= error.attempt_count then
        answer.wrong = "not as many attempts as are counted"
    end
    return answer
end

-- A mistake of the program is raised, and is an error in the arguments.
local function of_raised(message)
    local shown = { kind = "invalid_argument", number = 1, delivery = "not_sent", may_resend = true, phase = "prepare" }
    for _, name in ipairs { "http_status", "error_code", "service_message", "correlation_id", "retry_after_ms" } do
        shown[name] = polyai.null
    end
    for _, name in ipairs { "body_excerpt", "cause", "header" } do
        shown[name] = polyai.null
    end
    shown.message, shown.text = tostring(message), tostring(message)
    shown.attempts, shown.headers = { is_list = true }, { is_list = true }
    return { error = shown }
end

-- ---- A case -----------------------------------------------------------------------------------------------

local client
local completions -- of all turns that have a name, which is their tag
local conversations, turns -- by their names in the case
local objects = {} -- all of them
local pending = {} -- turns that a step waits for on a thread of its own, each with the step and what its outcome is

local function keep_conversation(step, conversation)
    conversations[step.conversation], objects[#objects + 1] = conversation, conversation
    local answer = step["do"] == "attach" and {} or of_greeting(conversation:greeting_reply())
    answer.conversation = { id = conversation.id, greeting = conversation.greeting }
    return answer
end

local function keep_turn(step, turn, operation)
    turns[step.turn], objects[#objects + 1] = turn, turn
    local _, error = completions:expect(turn, step.turn)
    if error then
        return of_error(error)
    end
    local wrong = turn.operation ~= operation and ("the turn is a %s"):format(turn.operation) or nil
    return { correlation_id = or_null(turn.correlation_id), wrong = wrong }
end

-- The outcome of a call, as `show` shows it, or its error.
local function outcome(show, value, error)
    if value == nil then
        return of_error(error)
    end
    return show(value)
end

local function nothing()
    return {}
end

local function of_taken(step)
    return function(taken)
        if type(taken) == "userdata" then
            return keep_conversation(step, taken)
        end
        if taken == true then
            return {}
        end
        return taken.operation == "close" and of_closed(taken) or of_reply(taken)
    end
end

local actions = {}

function actions.create(step)
    return outcome(function(made)
        return keep_conversation(step, made)
    end, client:create(step.with))
end

function actions.attach(step)
    return outcome(function(made)
        return keep_conversation(step, made)
    end, client:attach(step.id))
end

function actions.respond(step)
    return outcome(of_reply, conversations[step.conversation]:respond(step.message, step.with))
end

function actions.close(step)
    return outcome(of_closed, conversations[step.conversation]:close(step.with))
end

function actions.respond_by_id(step)
    return outcome(of_reply, client:respond(step.id, step.message, step.with))
end

function actions.close_by_id(step)
    return outcome(of_closed, client:close_conversation(step.id, step.with))
end

function actions.close_if_open(step)
    return outcome(nothing, conversations[step.conversation]:close_if_open())
end

function actions.warm_up(step)
    return outcome(nothing, client:warm_up(step.with.timeout_ms))
end

-- The calls that can be started, as functions that start them.
local starts = {}

function starts.create(step)
    return client:start_create(step.with)
end

function starts.respond(step)
    return conversations[step.conversation]:start_respond(step.message, step.with)
end

function starts.close(step)
    return conversations[step.conversation]:start_close(step.with)
end

function starts.respond_by_id(step)
    return client:start_respond(step.id, step.message, step.with)
end

function starts.close_by_id(step)
    return client:start_close_conversation(step.id, step.with)
end

function starts.close_if_open(step)
    return conversations[step.conversation]:start_close_if_open()
end

function starts.warm_up(step)
    return client:start_warm_up(step.with.timeout_ms)
end

for name, start in pairs(starts) do
    local operation = name:match "^warm_up$" or name:match "^%a+"
    actions["start_" .. name] = function(step)
        return outcome(function(turn)
            return keep_turn(step, turn, operation)
        end, start(step))
    end
end

function actions.next_done()
    return outcome(function(is_ready)
        return is_ready and { turn = completions:take() } or { wrong = "no call is done" }
    end, completions:wait(PATIENCE_MS))
end

function actions.wait(step)
    return outcome(function(is_done)
        return { done = is_done }
    end, turns[step.turn]:wait(step.wait_ms))
end

function actions.take(step)
    return outcome(of_taken(step), turns[step.turn]:take())
end

function actions.cancel(step)
    turns[step.turn]:cancel()
    return {}
end

function actions.state(step)
    local conversation = conversations[step.conversation]
    return { state = conversation.state, over = conversation.is_over }
end

function actions.shut_down()
    client:shut_down()
    return {}
end

function actions.log_lines()
    return { log = raw(client:recent_log_lines_json()) }
end

function actions.replace_credentials(step)
    return outcome(nothing, client:replace_credentials(step.with.api_key, step.with.token))
end

-- Starts the call with a token, and triggers that after a while.
local function cancel_by_token(step, after_ms)
    local token = polyai.cancel()
    step.with.cancel_after_ms, step.with.cancel = nil, token
    local turn, error = starts[step["do"]](step)
    if turn then
        objects[#objects + 1] = turn
        turn:wait(after_ms)
        token:cancel()
    end
    token:free()
    return turn and outcome(of_taken(step), turn:take()) or of_error(error)
end

-- Makes the call with a token that was cancelled for good before.
local function cancelled_before(step)
    local token = polyai.cancel()
    token:cancel_for_good()
    step.with.cancelled_before, step.with.cancel = nil, token
    local shown = actions[step["do"]](step)
    token:free()
    return shown
end

-- Lets go of all that the case before has left; what it was wrong about, or nil.
local function let_go()
    for _, object in ipairs(objects) do
        pcall(object.free, object)
    end
    objects, pending, conversations, turns = {}, {}, {}, {}
    for _, object in pairs { client, completions } do
        object:free()
    end
    client, completions = nil, nil
    local left = polyai.live_handles()
    return left > 0 and ("%d handles are left of the case before"):format(left) or nil
end

-- A value as Lua has it.
local function option(value)
    if value == "true" or value == "false" then
        return value == "true"
    end
    return value:match "^%d+$" and tonumber(value) or value
end

function actions.begin(step)
    local wrong = let_go()
    local options = {}
    for name, value in pairs(step.options) do
        options[name] = option(value)
    end
    local made, error = polyai.client(options)
    client = made
    if made then
        completions, error = polyai.completions()
    end
    local answer = error and of_error(error) or {}
    answer.wrong = wrong
    answer.hidden = { is_list = true, "printed" } -- a program prints the fields
    return answer
end

-- ---- Lines ------------------------------------------------------------------------------------------------

local function answer(step, shown)
    shown.step = step.step
    io.stdout:write(write(shown), "\n")
    io.stdout:flush()
end

local function act(step)
    if step.with and step.with.cancel_after_ms then
        return cancel_by_token(step, step.with.cancel_after_ms)
    end
    if step.with and step.with.cancelled_before then
        return cancelled_before(step)
    end
    return actions[step["do"]](step)
end

-- Starts what a case does on a thread, and answers it later.
local function start(step)
    local turn, error = starts[step["do"]](step)
    if not turn then
        return of_error(error)
    end
    objects[#objects + 1] = turn
    pending[turn:descriptor()] = { turn = turn, step = step }
end

local function do_step(line)
    local step = json.decode(line, 1, polyai.null)
    local has_done, shown = pcall(step.on_a_thread == true and start or act, step)
    if not has_done then
        shown = of_raised(shown)
    end
    if shown then
        answer(step, shown)
    end
end

local function answer_pending(ready)
    for descriptor, started in pairs(pending) do
        if ready[descriptor] then
            pending[descriptor] = nil
            answer(started.step, outcome(of_taken(started.step), started.turn:take()))
        end
    end
end

local parts = {}

-- Does the steps whose lines are whole.
local function read(bytes)
    local from = 1
    for stop in bytes:gmatch "()\n" do
        parts[#parts + 1] = bytes:sub(from, stop - 1)
        local line = table.concat(parts)
        parts, from = {}, stop + 1
        do_step(line)
    end
    parts[#parts + 1] = bytes:sub(from)
end

while true do
    local descriptors = { STDIN }
    for descriptor in pairs(pending) do
        descriptors[#descriptors + 1] = descriptor
    end
    local ready = host.poll(descriptors, -1)
    answer_pending(ready)
    if ready[STDIN] then
        local bytes = host.read(STDIN)
        if not bytes then
            break
        end
        read(bytes)
    end
end
local wrong = let_go()
assert(not wrong, wrong)
