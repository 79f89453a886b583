-- SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
--
-- Wireshark dissector for the protocols of Baton, written by `baton vectors dissector` from the
-- tables by which Baton itself encodes, decodes and checks them.
--
--     tshark -X lua_script:baton.lua -r CAPTURE
--     wireshark -X lua_script:baton.lua        or: put it into the folder of personal Lua plugins
--
-- What breaks a rule of the tables is marked with the section of the rule, as baton_X.broken.

local protocols = {
@TABLES@
}

-- What Wireshark dissects, at a version that this was made for.
if tonumber((get_version():match("^(%d+)"))) < 3 then
    error("baton.lua needs Wireshark 3 or later")
end

local function word(name)
    return (name:lower():gsub("[^%w]+", "_"))
end

-- The field's name below the protocol's: "station", "keep_alive.seconds".
local function path(p, element, field)
    if element then
        return p.abbrev .. "." .. word(element.name) .. "." .. word(field.name)
    end
    return p.abbrev .. "." .. word(field.name)
end

local widths = { [1] = ftypes.UINT8, [2] = ftypes.UINT16, [3] = ftypes.UINT24, [4] = ftypes.UINT32,
                 [8] = ftypes.UINT64 }

local function proto_field(name, field)
    if field.kind == "flags" or field.kind == "reserved" then
        return ProtoField.new(field.name, name, widths[field.width], nil, base.HEX)
    elseif field.kind == "uint" or field.kind == "enum" or field.kind == "length" then
        return ProtoField.new(field.name, name, widths[field.width], field.names, base.DEC)
    elseif field.kind == "ipv4" then
        return ProtoField.ipv4(name, field.name)
    elseif field.kind == "ipv6" then
        return ProtoField.ipv6(name, field.name)
    elseif field.kind == "mac" then
        return ProtoField.ether(name, field.name)
    elseif field.kind == "text" then
        return ProtoField.string(name, field.name, base.UNICODE)
    end
    return ProtoField.bytes(name, field.name)
end

-- Fields of a protocol; two elements may share one name for theirs.
local function register_fields(p)
    local all, seen = {}, {}
    local function add(name, field)
        if not seen[name] then
            seen[name] = proto_field(name, field)
            all[#all + 1] = seen[name]
        end
        field.proto = seen[name]
    end
    for _, field in ipairs(p.header) do
        add(path(p, nil, field), field)
    end
    for _, element in ipairs(p.elements) do
        for _, field in ipairs(element.value) do
            add(path(p, element, field), field)
        end
    end
    p.parts = {
        element = ProtoField.bytes(p.abbrev .. ".element", "Element"),
        code = ProtoField.uint32(p.abbrev .. ".element.code", "Code"),
        flags = ProtoField.uint32(p.abbrev .. ".element.flags", "Flags", base.HEX),
        length = ProtoField.uint32(p.abbrev .. ".element.length", "Length"),
        vendor = ProtoField.uint32(p.abbrev .. ".element.vendor", "Vendor"),
        value = ProtoField.bytes(p.abbrev .. ".element.value", "Value"),
        message = ProtoField.string(p.abbrev .. ".message", "Message"),
    }
    for _, name in ipairs({ "element", "code", "flags", "length", "vendor", "value", "message" }) do
        all[#all + 1] = p.parts[name]
    end
    p.broken = ProtoExpert.new(p.abbrev .. ".broken", "A rule is broken", expert.group.MALFORMED,
                               expert.severity.ERROR)
    p.proto.fields = all
    p.proto.experts = { p.broken }
end

-- --- rules ---------------------------------------------------------------------------------------

-- What is wrong is told once, at the first place; `state` is of one message.
local function broken(state, item, text, section)
    if state.broken then
        return false
    end
    state.broken = true
    item:add_proto_expert_info(state.p.broken, text .. (section and " (" .. section .. ")" or ""))
    return false
end

local function is_number(field)
    return field.kind == "uint" or field.kind == "enum"
end

-- A maximum of 0 leaves a field unbounded.
local function in_bounds(field, n)
    return n >= field.min and (field.max == 0 or n <= field.max)
end

local function number_of(range)
    if range:len() > 4 then
        return range:uint64():tonumber()
    end
    return range:len() == 0 and 0 or range:uint()
end

local function element_of(p, vendor, code)
    for _, e in ipairs(p.elements) do
        if e.vendor == vendor and e.code == code then
            return e
        end
    end
end

-- --- elements ------------------------------------------------------------------------------------

local function add_field(state, tree, field, range, section)
    local item = tree:add(field.proto, range)
    if is_number(field) and not in_bounds(field, number_of(range)) then
        broken(state, item, field.name .. " is out of bounds", field.section or section)
    end
    return item
end

-- The run of fields that a value is. What another dissector knows is given to it in the end: it
-- may take exception to it.
local function add_value(state, tree, element, value)
    local at = 0
    for _, field in ipairs(element.value) do
        local left = value:len() - at
        local size = field.width > 0 and field.width or left
        local section = field.section or element.section
        if size > left or (field.width == 0 and not in_bounds(field, size)) then
            broken(state, tree, element.name .. " has a wrong size", section)
            return
        end
        if size > 0 or field.width > 0 then
            add_field(state, tree, field, value(at, size), section)
        end
        if size > 0 and element.inside then
            state.inside[#state.inside + 1] = { element.inside, value(at, size):tvb() }
        end
        at = at + size
    end
    if at < value:len() then
        broken(state, tree, element.name .. " has a wrong size", element.section)
    end
end

-- One element; its size with padding, or nil when it does not fit.
local function add_element(state, tvb, at, tree)
    local p, f = state.p, state.p.format
    local left, start = tvb:len() - at, at
    local head = f.code + f.flags + f.length + f.reserved
    if left < head then
        return broken(state, tree, "Half an element's header", p.specification)
    end
    local code = number_of(tvb(at, f.code))
    local flags = f.flags > 0 and number_of(tvb(at + f.code, f.flags)) or 0
    local length = number_of(tvb(at + f.code + f.flags, f.length))
    local vendor = 0
    if f.vendor_flag > 0 and bit32.band(flags, f.vendor_flag) ~= 0 then
        if left < head + 4 then
            return broken(state, tree, "Half an element's header", p.specification)
        end
        vendor = tvb(at + head, 4):uint()
        head = head + 4
    end
    local element = element_of(p, vendor, code)
    local name = element and element.name or "Unknown element " .. code
    local section = element and element.section or p.specification
    local size = f.whole and length - head or length
    if size < 0 or size > left - head then
        return broken(state, tree, name .. " is longer than the message", section)
    end
    local pad = f.align > 1 and -(head + size) % f.align or 0
    if pad > left - head - size then
        return broken(state, tree, name .. " lacks its padding", section)
    end
    state.elements[#state.elements + 1] = { vendor = vendor, code = code, element = element }
    if state.only_vendors and vendor == 0 then
        return head + size + pad
    end
    local branch = tree:add(p.parts.element, tvb(start, head + size + pad))
    branch:set_text(name)
    branch:add(p.parts.code, tvb(at, f.code)):append_text(element and " (" .. name .. ")" or "")
    if f.flags > 0 then
        branch:add(p.parts.flags, tvb(at + f.code, f.flags))
    end
    branch:add(p.parts.length, tvb(at + f.code + f.flags, f.length))
    if vendor > 0 then
        branch:add(p.parts.vendor, tvb(start + head - 4, 4))
    end
    if size > 0 then
        branch:add(p.parts.value, tvb(start + head, size))
    end
    if element then
        add_value(state, branch, element, tvb:range(start + head, size))
    end
    return head + size + pad
end

-- --- messages ------------------------------------------------------------------------------------

local function message_of(p, kind, flags)
    for _, m in ipairs(p.messages) do
        if m.type == kind and bit32.band(flags, m.mask) == m.value then
            return m
        end
    end
end

local function count_of(state, o)
    local n = 0
    for _, e in ipairs(state.elements) do
        if e.vendor == o.vendor and e.code == o.code then
            n = n + 1
        end
    end
    return n
end

local function name_of(p, o)
    local e = element_of(p, o.vendor, o.code)
    return e and e.name or "element " .. o.code
end

local function check_occurrence(state, tree, m)
    local allowed = {}
    for _, o in ipairs(m.elements) do
        local n = count_of(state, o)
        allowed[o.vendor .. "/" .. o.code] = true
        if n < o.min then
            broken(state, tree, name_of(state.p, o) .. " is missing", o.section or m.section)
        elseif o.max < 255 and n > o.max then
            broken(state, tree, name_of(state.p, o) .. " is there " .. n .. " times",
                   o.section or m.section)
        end
    end
    for _, e in ipairs(state.elements) do
        if not m.others and e.element and not allowed[e.vendor .. "/" .. e.code] then
            broken(state, tree, e.element.name .. " has no place here", m.section)
        end
    end
end

local function add_header(state, tvb, tree)
    local p, at, values = state.p, 0, {}
    for i, field in ipairs(p.header) do
        local range = tvb(at, field.width)
        local item = state.only_vendors and tree or add_field(state, tree, field, range)
        values[i] = field.width <= 8 and field.kind ~= "mac" and number_of(range) or 0
        if field.kind == "length" and values[i] + field.min ~= tvb:len() then
            broken(state, item, field.name .. " is not the length of the message", field.section)
        end
        at = at + field.width
    end
    return at, values
end

-- A whole message. `only_vendors`: another dissector has shown the rest.
local function dissect(p, tvb, pinfo, root, only_vendors)
    local state = { p = p, elements = {}, inside = {}, only_vendors = only_vendors }
    local tree = root:add(p.proto, tvb())
    if tvb:len() < p.header_size then
        broken(state, tree, "Shorter than the header", p.header[1].section)
        return tvb:len()
    end
    local at, values = add_header(state, tvb, tree)
    local m = message_of(p, values[p.type_field],
                         p.flags_field and values[p.flags_field] or 0)
    if m and not only_vendors then
        if p.transport ~= "wlan" then
            pinfo.cols.protocol = p.short
            pinfo.cols.info = m.title
        end
        tree:append_text(", " .. m.title)
        tree:add(p.parts.message, m.name):set_generated()
    end
    while at < tvb:len() do
        local size = add_element(state, tvb, at, tree)
        if not size then
            return tvb:len()
        end
        at = at + size
    end
    if not m then
        broken(state, tree, "No message has this type", p.header[p.type_field].section)
    elseif not only_vendors then
        check_occurrence(state, tree, m)
    end
    for _, inside in ipairs(state.inside) do
        Dissector.get(inside[1]):call(inside[2], pinfo, root)
    end
    return tvb:len()
end

local function has_vendor(p, tvb)
    local f, at = p.format, p.header_size
    while at + f.code + f.flags + f.length + f.reserved <= tvb:len() do
        if bit32.band(tvb(at + f.code, f.flags):uint(), f.vendor_flag) ~= 0 then
            return true
        end
        local size = tvb(at + f.code + f.flags, f.length):uint()
        at = at + f.code + f.flags + f.length + f.reserved + size + -size % f.align
    end
    return false
end

-- --- who gets which packets ----------------------------------------------------------------------

-- How long the message at `offset` of a stream is, once its header is there.
local function message_length(p)
    local at = 0
    for _, field in ipairs(p.header) do
        if field.kind == "length" then
            local width = field.width
            return function(tvb, _, offset)
                local length = tvb(offset + at, width):uint() + field.min
                if length < p.header_size or length > p.max then
                    return tvb:len() - offset
                end
                return length
            end
        end
        at = at + field.width
    end
end

-- Elements of IEEE 802.11 have no table in which a vendor could stand: what Wireshark has shown as an
-- element is looked at once more when it is through.
local function register_element(p)
    local tag = Field.new("wlan.tag")
    local id, oui, protocol = p.header[1].min, p.header[3].min, p.header[4].min
    function p.proto.dissector(_, pinfo, tree)
        for _, info in ipairs({ tag() }) do
            local range = info.range
            if range:len() >= 7 and range(0, 1):uint() == id and range(2, 3):uint() == oui and
               range(5, 2):uint() == protocol then
                dissect(p, range:tvb(), pinfo, tree)
            end
        end
    end
    register_postdissector(p.proto)
end

local function register(p)
    p.proto = Proto(p.abbrev, p.title)
    p.header_size = 0
    for _, field in ipairs(p.header) do
        p.header_size = p.header_size + field.width
    end
    register_fields(p)
    if p.transport == "wlan" then
        register_element(p)
        return
    end
    local ports = DissectorTable.get(p.transport .. ".port")
    local known = p.beside and ports:get_dissector(p.port)
    local length = message_length(p)
    function p.proto.dissector(tvb, pinfo, tree)
        if p.transport == "tcp" then
            dissect_tcp_pdus(tvb, tree, p.header_size, length, function(t, i, r)
                return dissect(p, t, i, r)
            end)
            return tvb:len()
        end
        -- Wireshark knows the protocol: it goes first, and what it does not take is for us.
        local taken = known and known:call(tvb, pinfo, tree) or 0
        if taken > 0 and not has_vendor(p, tvb) then
            return taken
        end
        return dissect(p, tvb, pinfo, tree, taken > 0)
    end
    ports:add(p.port, p.proto)
end

for _, p in ipairs(protocols) do
    register(p)
end
