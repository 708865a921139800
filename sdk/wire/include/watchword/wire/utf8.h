// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/frame.h"

namespace Watchword::Wire {

/*!
    Checks UTF-8 (RFC 3629) that comes in pieces, which may end inside a character. Overlong forms, surrogates and what is
    above U+10FFFF are refused at the first byte that cannot belong to a character.
*/
class Utf8Validator
{
public:
    //! False as soon as a byte is wrong. Then there is nothing to go on with but reset().
    bool feed(Bytes bytes);
    bool isComplete() const { return m_missing == 0; } //!< Not inside a character.
    void reset() { *this = {}; }

private:
    std::uint8_t m_missing = 0; //!< Bytes until the end of the character.
    std::uint8_t m_lowest = 0x80; //!< Of the next byte.
    std::uint8_t m_highest = 0xbf;
};

//! True if all of \a text is UTF-8.
bool isUtf8(Bytes text);

} // namespace Watchword::Wire
