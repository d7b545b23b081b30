-- settings.lua, or the file that POLYAI_KAMAILIO_SETTINGS names, checked: a mistake there stops the start with a clear error.
local path = os.getenv("POLYAI_KAMAILIO_SETTINGS")
if path == nil or path == "" then
    path = POLYAI_DIRECTORY .. "../settings.lua"
end

local kinds = {
    peers = "string",
    next_hop = "string",
    conversation_by = "string",
    humans = "table",
    turn_timeout_ms = "number",
    waiting_messages_max = "number",
    waiting_seconds_max = "number",
    retry_after_seconds = "number",
    send_greeting = "boolean",
    message_bytes_max = "number",
    datagram_bytes_max = "number",
    stream_bytes_max = "number",
    texts = "table",
}
local texts = { "unavailable", "unknown", "busy", "no_human" }

local function check(is_right, ...)
    if not is_right then
        error(path .. ": " .. string.format(...), 0)
    end
end

local settings = dofile(path)
check(type(settings) == "table", "it returns a table, not a %s", type(settings))
for name in pairs(settings) do
    check(kinds[name], "there is no setting %s", tostring(name))
end
for name, kind in pairs(kinds) do
    local value = settings[name]
    check(type(value) == kind, "%s is a %s, not a %s", name, kind, type(value))
    check(kind ~= "number" or (value >= 1 and value % 1 == 0), "%s is a whole number from 1 on", name)
end
for _, name in ipairs(texts) do
    check(type(settings.texts[name]) == "string" and settings.texts[name] ~= "", "texts.%s is a text that is not empty", name)
end
for destination, uri in pairs(settings.humans) do
    check(type(uri) == "string" and uri:match("^sips?:[^%s<>]+$"), "humans[%q] is a SIP URI such as sip:desk@pbx.example.com",
        tostring(destination))
end
check(settings.conversation_by == "sender" or settings.conversation_by == "call-id",
    "conversation_by is \"sender\" or \"call-id\", not %q", settings.conversation_by)
check(settings.next_hop == "" or settings.next_hop:match("^sips?:[^%s<>]+$"), "next_hop is a SIP URI, or \"\"")
check(settings.peers:match("[^,%s]"), "peers is empty: nobody could send")
for network in settings.peers:gmatch("[^,%s]+") do
    local is_address = network:match("^[%x.:]+$") or network:match("^[%x.:]+/%d+$")
    check(is_address, "peers holds %q, which is not an address or network", network)
end

return settings
