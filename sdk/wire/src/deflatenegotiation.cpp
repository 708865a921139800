// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/deflatenegotiation.h"

#include "fieldlist.h"

#include <algorithm>
#include <utility>

namespace Watchword::Wire {

namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr std::string_view kServerKeepsNothing = "server_no_context_takeover";
constexpr std::string_view kClientKeepsNothing = "client_no_context_takeover";
constexpr std::string_view kServerWindow = "server_max_window_bits";
constexpr std::string_view kClientWindow = "client_max_window_bits";

/*! The parameters of one offer or answer as they stand there. */
struct Parameters
{
    bool serverKeepsNothing = false;
    bool clientKeepsNothing = false;
    std::optional<int> serverWindow{};
    std::optional<int> clientWindow{}; //!< 0: named without a value.
};

// 8 to 15 without leading zeros (RFC 7692 section 7.1.2).
std::optional<int> windowBits(std::string_view text)
{
    if (text.size() == 1 && text[0] >= '8' && text[0] <= '9')
        return text[0] - '0';
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
        return 10 + text[1] - '0';
    return std::nullopt;
}

bool setOnce(bool &flag, const std::string &value)
{
    return value.empty() && !std::exchange(flag, true);
}

bool setOnce(std::optional<int> &bits, const std::string &value, bool mayLackValue)
{
    if (bits)
        return false;
    bits = value.empty() && mayLackValue ? 0 : windowBits(value);
    return bits.has_value();
}

std::optional<Parameters> readParameters(const Extension &extension, bool isOffer)
{
    Parameters parameters;
    for (const auto &[name, value] : extension.parameters) {
        const bool isRight = name == kServerKeepsNothing ? setOnce(parameters.serverKeepsNothing, value)
            : name == kClientKeepsNothing                ? setOnce(parameters.clientKeepsNothing, value)
            : name == kServerWindow                      ? setOnce(parameters.serverWindow, value, false)
            : name == kClientWindow                      ? setOnce(parameters.clientWindow, value, isOffer)
                                                         : false;
        if (!isRight)
            return std::nullopt;
    }
    return parameters;
}

std::optional<std::vector<Extension>> extensionsOf(const std::vector<std::string_view> &values)
{
    std::vector<Extension> extensions;
    for (const std::string_view value : values) {
        if (!readExtensions(value, extensions))
            return std::nullopt;
    }
    return extensions;
}

std::string withValue(std::string_view name, int value)
{
    return "; " + std::string(name) + "=" + std::to_string(value);
}

std::string flag(std::string_view name)
{
    return "; " + std::string(name);
}

DeflateAnswer answerOffer(const Parameters &offer, const DeflateOptions &options)
{
    DeflateAnswer answer;
    DeflateParameters &agreed = answer.parameters;
    agreed.serverKeepsContext = options.serverKeepsContext && !offer.serverKeepsNothing;
    agreed.clientKeepsContext = options.clientKeepsContext && !offer.clientKeepsNothing;
    agreed.serverWindowBits = std::min(options.serverWindowBits, offer.serverWindow.value_or(15));
    // Without the client's word that it can, its window must not be asked to be smaller (section 7.1.2.2).
    if (offer.clientWindow)
        agreed.clientWindowBits = std::min(options.clientWindowBits, *offer.clientWindow == 0 ? 15 : *offer.clientWindow);
    answer.text = kName;
    if (!agreed.serverKeepsContext)
        answer.text += flag(kServerKeepsNothing);
    if (!agreed.clientKeepsContext)
        answer.text += flag(kClientKeepsNothing);
    if (offer.serverWindow || agreed.serverWindowBits < 15)
        answer.text += withValue(kServerWindow, agreed.serverWindowBits);
    if (offer.clientWindow && (*offer.clientWindow != 0 || agreed.clientWindowBits < 15))
        answer.text += withValue(kClientWindow, agreed.clientWindowBits);
    return answer;
}

} // namespace

std::string deflateOffer(const DeflateOptions &options)
{
    std::string text(kName);
    if (!options.serverKeepsContext)
        text += flag(kServerKeepsNothing);
    if (!options.clientKeepsContext)
        text += flag(kClientKeepsNothing);
    if (options.serverWindowBits < 15)
        text += withValue(kServerWindow, options.serverWindowBits);
    text += options.clientWindowBits < 15 ? withValue(kClientWindow, options.clientWindowBits) : flag(kClientWindow);
    return text;
}

std::optional<DeflateAnswer> answerDeflateOffers(const std::vector<std::string_view> &values, const DeflateOptions &options)
{
    const auto extensions = extensionsOf(values);
    if (!extensions)
        return std::nullopt;
    for (const Extension &extension : *extensions) {
        if (!equalsIgnoringCase(extension.name, kName))
            continue;
        if (const auto offer = readParameters(extension, true))
            return answerOffer(*offer, options);
    }
    return std::nullopt;
}

std::optional<DeflateParameters> readDeflateAnswer(const std::vector<std::string_view> &values, const DeflateOptions &offered)
{
    const auto extensions = extensionsOf(values);
    if (!extensions || extensions->size() != 1 || !equalsIgnoringCase(extensions->front().name, kName))
        return std::nullopt;
    const auto answer = readParameters(extensions->front(), false);
    if (!answer)
        return std::nullopt;
    DeflateParameters agreed;
    agreed.serverWindowBits = answer->serverWindow.value_or(15);
    agreed.clientWindowBits = std::min(answer->clientWindow.value_or(15), offered.clientWindowBits);
    agreed.serverKeepsContext = !answer->serverKeepsNothing;
    agreed.clientKeepsContext = offered.clientKeepsContext && !answer->clientKeepsNothing;
    if (answer->serverWindow && *answer->serverWindow > offered.serverWindowBits)
        return std::nullopt;
    if (answer->clientWindow && *answer->clientWindow > offered.clientWindowBits)
        return std::nullopt;
    return agreed;
}

} // namespace Watchword::Wire
