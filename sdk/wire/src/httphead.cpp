// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/httphead.h"

#include "fieldlist.h"

#include <algorithm>

namespace Watchword::Wire {

int statusOf(HeadFault fault)
{
    switch (fault) {
    case HeadFault::None:
        return 0;
    case HeadFault::FirstLineTooLong:
        return 414;
    case HeadFault::LineTooLong:
    case HeadFault::HeadTooLong:
    case HeadFault::TooManyFields:
        return 431;
    case HeadFault::Version:
        return 505;
    default:
        return 400;
    }
}

std::string_view describe(HeadFault fault)
{
    switch (fault) {
    case HeadFault::None:
        return "no fault";
    case HeadFault::FirstLineTooLong:
        return "the first line is too long";
    case HeadFault::LineTooLong:
        return "a header line is too long";
    case HeadFault::HeadTooLong:
        return "the head is too long";
    case HeadFault::TooManyFields:
        return "there are too many header fields";
    case HeadFault::LineEnd:
        return "a line does not end with CR LF";
    case HeadFault::ControlCharacter:
        return "there is a control character in the head";
    case HeadFault::FoldedLine:
        return "a header line is folded";
    case HeadFault::Malformed:
        return "the head cannot be read";
    case HeadFault::Framing:
        return "the length of the body is given twice or wrongly";
    case HeadFault::Version:
        return "the HTTP version is not 1.0 or 1.1";
    }
    return "unknown fault";
}

std::string_view HttpHead::value(std::string_view name) const
{
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        if (equalsIgnoringCase(field(i).name, name))
            return field(i).value;
    }
    return {};
}

std::size_t HttpHead::count(std::string_view name) const
{
    return std::size_t(std::count_if(m_fields.begin(), m_fields.end(),
                                     [&](const auto &field) { return equalsIgnoringCase(part(field.first), name); }));
}

std::vector<std::string_view> HttpHead::values(std::string_view name) const
{
    std::vector<std::string_view> values;
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
        if (equalsIgnoringCase(field(i).name, name))
            values.push_back(field(i).value);
    }
    return values;
}

bool HttpHead::listHas(std::string_view name, std::string_view token) const
{
    for (const std::string_view value : values(name)) {
        const auto elements = listElements(value);
        if (std::any_of(elements.begin(), elements.end(), [&](auto element) { return equalsIgnoringCase(element, token); }))
            return true;
    }
    return false;
}

} // namespace Watchword::Wire
