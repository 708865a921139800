// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/requesthead.h"

/*! What the gateway makes of a head that arrives in one piece, or of the part of one. */
struct HeadText
{
    Watchword::Gateway::ParsedHead parsed;
    bool isComplete = false; //!< Else it is valid so far, or refused.
    qsizetype size = 0; //!< Bytes that belong to the head.
};

inline HeadText readHead(const QByteArray &bytes)
{
    using namespace Watchword;
    Wire::HeadReader reader(Wire::HeadKind::Request, Gateway::kHeadLimits);
    HeadText result;
    result.size = qsizetype(reader.feed({reinterpret_cast<const std::uint8_t *>(bytes.constData()), std::size_t(bytes.size())}));
    result.isComplete = reader.isComplete();
    if (result.isComplete)
        result.parsed = Gateway::requestHeadOf(reader.head());
    else if (reader.fault() != Wire::HeadFault::None)
        result.parsed = Gateway::problemOf(reader.fault());
    return result;
}

inline Watchword::Gateway::ParsedHead parseHead(const QByteArray &bytes)
{
    const HeadText read = readHead(bytes);
    return read.isComplete || !read.parsed.isGood() ? read.parsed : Watchword::Gateway::lateHead();
}
