// SPDX-License-Identifier: Apache-2.0
#include "fieldlist.h"

#include <algorithm>
#include <optional>

namespace Watchword::Wire {

namespace {

constexpr std::string_view kTokenSigns = "!#$%&'*+-.^_`|~";

bool isTokenCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kTokenSigns.find(c) != kTokenSigns.npos;
}

char lowered(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c + 32) : c;
}

bool isBlank(char c)
{
    return c == ' ' || c == '\t';
}

/*! Reads the pieces of an extension list from the front of a text. */
struct Scanner
{
    std::string_view rest;

    void skipBlanks()
    {
        while (!rest.empty() && isBlank(rest.front()))
            rest.remove_prefix(1);
    }
    bool take(char c)
    {
        skipBlanks();
        if (rest.empty() || rest.front() != c)
            return false;
        rest.remove_prefix(1);
        return true;
    }
    std::optional<std::string> token()
    {
        skipBlanks();
        const auto end = std::find_if_not(rest.begin(), rest.end(), isTokenCharacter);
        const std::string text(rest.begin(), end);
        rest.remove_prefix(text.size());
        return text.empty() ? std::nullopt : std::optional(text);
    }
    // A quoted value must be a token once the quotes are gone (RFC 6455 section 9.1).
    std::optional<std::string> quotedToken()
    {
        std::string text;
        while (!rest.empty() && rest.front() != '"') {
            if (rest.front() == '\\')
                rest.remove_prefix(1);
            if (rest.empty())
                return std::nullopt;
            text += rest.front();
            rest.remove_prefix(1);
        }
        return take('"') && isToken(text) ? std::optional(text) : std::nullopt;
    }
};

std::optional<Extension> readExtension(Scanner &scanner)
{
    Extension extension;
    const auto name = scanner.token();
    if (!name)
        return std::nullopt;
    extension.name = *name;
    while (scanner.take(';')) {
        const auto parameter = scanner.token();
        if (!parameter)
            return std::nullopt;
        std::optional<std::string> value = std::string();
        if (scanner.take('='))
            value = scanner.take('"') ? scanner.quotedToken() : scanner.token();
        if (!value)
            return std::nullopt;
        extension.parameters.emplace_back(*parameter, *value);
    }
    return extension;
}

} // namespace

bool isToken(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenCharacter);
}

bool equalsIgnoringCase(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lowered(x) == lowered(y); });
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && isBlank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> listElements(std::string_view value)
{
    std::vector<std::string_view> elements;
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        if (const std::string_view element = trimmed(value.substr(0, comma)); !element.empty())
            elements.push_back(element);
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return elements;
}

bool readExtensions(std::string_view value, std::vector<Extension> &extensions)
{
    Scanner scanner{value};
    do {
        scanner.skipBlanks();
        if (scanner.rest.empty() || scanner.rest.front() == ',')
            continue; // an empty element
        const auto extension = readExtension(scanner);
        if (!extension)
            return false;
        extensions.push_back(*extension);
    } while (scanner.take(','));
    scanner.skipBlanks();
    return scanner.rest.empty();
}

} // namespace Watchword::Wire
