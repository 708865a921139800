// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <unistd.h>

namespace Watchword::Gateway::Net {

/*! Owns a descriptor until somebody takes it. Threads: reentrant value. */
class UniqueDescriptor
{
public:
    UniqueDescriptor() = default;
    explicit UniqueDescriptor(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    ~UniqueDescriptor() { reset(); }
    UniqueDescriptor(UniqueDescriptor &&other) noexcept
        : m_descriptor(other.release())
    {
    }
    UniqueDescriptor &operator=(UniqueDescriptor &&other) noexcept
    {
        if (this != &other) {
            reset();
            m_descriptor = other.release();
        }
        return *this;
    }

    int get() const { return m_descriptor; }
    int release() { return std::exchange(m_descriptor, -1); }
    void reset()
    {
        if (m_descriptor >= 0)
            ::close(release());
    }

private:
    int m_descriptor = -1;
};

} // namespace Watchword::Gateway::Net
