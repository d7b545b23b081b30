-- What a MESSAGE may hold: text in UTF-8. And how a long one becomes several.
local message_text = {}

-- Whether a Content-Type names text that is UTF-8.
function message_text.is_plain_utf8(content_type)
    local value = (content_type or ""):lower()
    if not (value:match("^%s*text/plain%s*$") or value:match("^%s*text/plain%s*;")) then
        return false
    end
    local charset = value:match("charset%s*=%s*\"?([^\";%s]+)")
    return charset == nil or charset == "utf-8" or charset == "utf8" or charset == "us-ascii"
end

local function is_continuation(byte)
    return byte ~= nil and byte >= 0x80 and byte <= 0xBF
end

-- How many bytes the character at `position` has; nil where it is not one (RFC 3629: no overlong forms, no surrogates).
local function character_length(text, position)
    local first, second = text:byte(position, position + 1)
    if first < 0x80 then
        return 1
    end
    local length, lowest, highest = nil, 0x80, 0xBF
    if first >= 0xC2 and first <= 0xDF then
        length = 2
    elseif first >= 0xE0 and first <= 0xEF then
        length = 3
        lowest = first == 0xE0 and 0xA0 or lowest
        highest = first == 0xED and 0x9F or highest
    elseif first >= 0xF0 and first <= 0xF4 then
        length = 4
        lowest = first == 0xF0 and 0x90 or lowest
        highest = first == 0xF4 and 0x8F or highest
    else
        return nil
    end
    if second == nil or second < lowest or second > highest then
        return nil
    end
    for offset = 2, length - 1 do
        if not is_continuation(text:byte(position + offset)) then
            return nil
        end
    end
    return length
end

function message_text.is_utf8(text)
    local position = 1
    while position <= #text do
        local length = character_length(text, position)
        if not length then
            return false
        end
        position = position + length
    end
    return true
end

-- Of Unicode: what controls a terminal, ends a line, or has no shape of its own, such as the marks that turn the direction of writing.
local controls = {
    { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x0600, 0x0605 }, { 0x061C, 0x061C }, { 0x06DD, 0x06DD }, { 0x070F, 0x070F },
    { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
    { 0x1D173, 0x1D17A }, { 0xE0001, 0xE007F },
}

local function is_control(character)
    local code = character:byte(1)
    if code >= 0x80 then
        code = code % 2 ^ (7 - #character)
        for position = 2, #character do
            code = code * 64 + character:byte(position) % 64
        end
    end
    for _, range in ipairs(controls) do
        if code >= range[1] and code <= range[2] then
            return true
        end
    end
    return false
end

-- The text as one line for a header or a log, of at most so many bytes, with a space for each control character.
function message_text.plain(text, bytes_max)
    local parts, taken, position = {}, 0, 1
    while position <= #text do
        local length = character_length(text, position)
        local character = length and text:sub(position, position + length - 1) or " "
        if is_control(character) then
            character = " "
        end
        taken = taken + #character
        if taken > bytes_max then
            break
        end
        parts[#parts + 1] = character
        position = position + (length or 1)
    end
    return table.concat(parts)
end

-- Combining accents, variation selectors, joiners and skin tones belong to the character before them.
local joins = { "^\204[\128-\191]", "^\205[\128-\175]", "^\226\128\141", "^\239\184[\128-\143]", "^\240\159\143[\187-\191]" }
local joiner = "\226\128\141"

local function is_inside_of_character(text, position)
    if is_continuation(text:byte(position)) or text:sub(position - 3, position - 1) == joiner then
        return true
    end
    local following = text:sub(position, position + 3)
    for _, pattern in ipairs(joins) do
        if following:find(pattern) then
            return true
        end
    end
    return false
end

-- Where the part that begins at `start` ends, at most `bytes_max` later: behind a space if there is one in its second half, never
-- inside of a character.
local function end_of_part(text, start, bytes_max)
    local latest = start + bytes_max - 1
    if latest >= #text then
        return #text
    end
    for position = latest, start + math.floor(bytes_max / 2), -1 do
        if text:find("^%s", position) then
            return position
        end
    end
    for position = latest + 1, start + math.floor(bytes_max / 2), -1 do
        if not is_inside_of_character(text, position) then
            return position - 1
        end
    end
    local position = latest + 1 -- an endless pile of accents: keep at least the code points whole
    while is_continuation(text:byte(position)) do
        position = position - 1
    end
    return position - 1
end

-- A list of texts that are the whole one when put together.
function message_text.split(text, bytes_max)
    local parts, start = {}, 1
    repeat
        local stop = end_of_part(text, start, bytes_max)
        parts[#parts + 1] = text:sub(start, stop)
        start = stop + 1
    until start > #text
    return parts
end

return message_text
