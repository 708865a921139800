// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

namespace Watchword {

/*!
    permessage-deflate (RFC 7692) of a connection; used if the server takes the offer.

    It is off by default: a message costs more processor time compressed than all else that is done for it, each connection
    some 40 KiB, and where a secret and foreign text travel in one stream, the size of the messages tells of the secret.
    On slow links, with texts of some hundred bytes that resemble each other, a quarter is left of them.
*/
struct CompressionOptions
{
    bool offered = false;
    int windowBits = 12; //!< 8 to 15, for both directions: 2^n bytes of what was sent are looked back at.
    //! Messages are compressed with what went before. Without it nothing is kept for the connection, and small ones hardly
    //! shrink.
    bool keepContext = true;
    int memoryLevel = 5; //!< 1 to 9, of zlib.
    qint64 smallest = 64; //!< Shorter messages are sent as they are.
};

} // namespace Watchword
