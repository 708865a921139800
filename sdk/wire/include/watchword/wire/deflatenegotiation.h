// SPDX-License-Identifier: Apache-2.0
#pragma once

// The handshake of permessage-deflate (RFC 7692 section 7.1). Pure functions.

#include "watchword/wire/frame.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace Watchword::Wire {

/*!
    What one end wants of compression. It is off unless somebody asks for it: a compressed message costs more processor time
    than all else that is done for it, tens of KiB for each connection, and the length of a text tells about its content
    when secrets and foreign text share one stream (as CRIME and BREACH showed). It is worth it on slow links.
*/
struct DeflateOptions
{
    int serverWindowBits = 12; //!< 8 to 15, of what the server sends.
    int clientWindowBits = 12; //!< 8 to 15, of what the client sends.
    bool serverKeepsContext = true; //!< Between messages; without it small ones hardly shrink.
    bool clientKeepsContext = true;
    int memoryLevel = 5; //!< 1 to 9, of our compressor.
    int level = 6; //!< 1 to 9.
    std::size_t smallest = 64; //!< Shorter messages are sent plain.
};

/*! What both ends agreed on. */
struct DeflateParameters
{
    int serverWindowBits = 15;
    int clientWindowBits = 15;
    bool serverKeepsContext = true;
    bool clientKeepsContext = true;

    bool operator==(const DeflateParameters &) const = default;
};

//! The value of Sec-WebSocket-Extensions that a client sends.
std::string deflateOffer(const DeflateOptions &options);

//! A server's choice among the offers, and the value of Sec-WebSocket-Extensions that says so.
struct DeflateAnswer
{
    DeflateParameters parameters{};
    std::string text{};
};
//! \a values are those of the header lines, in order. Nothing if no offer can be kept: then the header is left out.
std::optional<DeflateAnswer> answerDeflateOffers(const std::vector<std::string_view> &values, const DeflateOptions &options);

//! A client's reading of the answer. Nothing if it says anything that was not offered, or twice, or wrongly: then the
//! connection must fail (RFC 6455 section 4.1). A server may leave out a hint that was offered; it is not bound then.
std::optional<DeflateParameters> readDeflateAnswer(const std::vector<std::string_view> &values, const DeflateOptions &offered);

} // namespace Watchword::Wire
