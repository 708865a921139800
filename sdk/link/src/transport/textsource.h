// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/transport.h"

#include <functional>

namespace Watchword {

/*! A transport that can call a function for every text instead of emitting textReceived(): at hundreds of thousands a
    second each signal on the way counts. */
class TextSource
{
public:
    void setTextSink(std::function<void(const QString &)> sink) { m_textSink = std::move(sink); }

protected:
    ~TextSource() = default;
    std::function<void(const QString &)> m_textSink;
};

} // namespace Watchword
