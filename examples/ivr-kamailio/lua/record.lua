-- A flat table of texts as one text, for shared memory and its files: NAME=LENGTH:VALUE for each. And texts as names.
local record = {}

function record.encode(fields)
    local parts = {}
    for name, value in pairs(fields) do
        local text = tostring(value)
        parts[#parts + 1] = name .. "=" .. #text .. ":" .. text
    end
    return table.concat(parts)
end

function record.decode(text)
    local fields, position = {}, 1
    while position <= #text do
        local _, stop, name, length = text:find("^([%w_]+)=(%d+):", position)
        if not name then
            error("a record in shared memory is damaged", 0)
        end
        fields[name] = text:sub(stop + 1, stop + length)
        position = stop + length + 1
    end
    return fields
end

-- What any text becomes where only letters, digits, `.`, `_`, `-` and `%` can stand.
function record.escape(text)
    return (text:gsub("[^%w._-]", function(byte)
        return ("%%%02X"):format(byte:byte())
    end))
end

return record
