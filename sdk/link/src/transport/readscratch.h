// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <cstdint>
#include <memory>
#include <utility>

namespace Watchword {

/*! One buffer for all transports of a thread; who reads within a slot of another one gets a buffer of its own. */
class ReadScratch
{
public:
    static constexpr std::size_t size = 64 * 1024;

    ReadScratch()
        : m_bytes(std::move(kept()))
    {
        if (!m_bytes)
            m_bytes.reset(new std::uint8_t[size]);
    }
    ~ReadScratch() { kept() = std::move(m_bytes); }
    Q_DISABLE_COPY_MOVE(ReadScratch)

    std::uint8_t *data() { return m_bytes.get(); }

private:
    static std::unique_ptr<std::uint8_t[]> &kept()
    {
        thread_local std::unique_ptr<std::uint8_t[]> bytes;
        return bytes;
    }
    std::unique_ptr<std::uint8_t[]> m_bytes;
};

} // namespace Watchword
