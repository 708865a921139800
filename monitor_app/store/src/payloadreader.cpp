// SPDX-License-Identifier: Apache-2.0
#include "payloadreader.h"

#include <QByteArray>

#include <simdjson.h>

#include <algorithm>
#include <string>

namespace Monitor {

namespace {

using JsonElement = simdjson::dom::element;
using TextTest = std::function<bool(QByteArrayView)>;

bool scalarPasses(const JsonElement &value, const TextTest &accept)
{
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS)
        return !text.empty() && accept({text.data(), qsizetype(text.size())});
    if (value.is_null() || value.is_object() || value.is_array())
        return false;
    const std::string written = simdjson::minify(value);
    return accept({written.data(), qsizetype(written.size())});
}

} // namespace

class PayloadReader::Private
{
public:
    simdjson::dom::parser parser;
};

PayloadReader::PayloadReader()
    : d(std::make_unique<Private>())
{
}

PayloadReader::~PayloadReader() = default;

bool PayloadReader::passes(QByteArrayView json, const QByteArrayList &path, Of of, const TextTest &test)
{
    JsonElement value;
    if (json.isEmpty()) // an event without data; the parser copies from no null pointer
        return false;
    if (d->parser.parse(json.data(), size_t(json.size())).get(value) != simdjson::SUCCESS)
        return false;
    for (const QByteArray &member : path) {
        JsonElement next;
        if (value[std::string_view(member.constData(), size_t(member.size()))].get(next) != simdjson::SUCCESS)
            return false;
        value = next;
    }
    simdjson::dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS)
        return scalarPasses(value, test);
    const auto passes = [&test](const JsonElement &element) { return scalarPasses(element, test); };
    if (of == Of::Any)
        return std::any_of(list.begin(), list.end(), passes);
    return list.size() > 0 && std::all_of(list.begin(), list.end(), passes);
}

} // namespace Monitor
