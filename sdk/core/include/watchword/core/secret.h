// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QDebug>
#include <QExplicitlySharedDataPointer>
#include <QMetaType>
#include <QSharedData>

namespace Watchword {

/*!
    Bytes that must not be seen: a token, a key, a password, a PKCE verifier.

    Copies share one buffer, which is overwritten when the last copy goes. There is no stream operator, no conversion
    to a string and no comparison by operator, so that a secret cannot slip into a log, a property or a message by
    accident. reveal() is the one way out: call it where the bytes leave for the wire, the keychain or a cipher.

    Threads: reentrant; different copies may be used in different threads. Ownership: shared, see above.
*/
class WATCHWORD_CORE_EXPORT Secret
{
public:
    Secret();
    ~Secret();
    Secret(const Secret &);
    Secret(Secret &&) noexcept;
    Secret &operator=(const Secret &);
    Secret &operator=(Secret &&) noexcept;

    //! Takes a copy and overwrites \a bytes where no other QByteArray shares them.
    static Secret take(QByteArray &&bytes);
    static Secret copy(QByteArrayView bytes);
    static Secret random(qsizetype size); //!< From the operating system's generator.

    bool isEmpty() const;
    qsizetype size() const;
    //! Valid as long as this copy lives. Do not store it.
    QByteArrayView reveal() const;
    //! Eight hexadecimal digits of SHA-256, safe to show and to compare in logs; "-" when empty.
    QString fingerprint() const;
    bool equals(const Secret &other) const; //!< In constant time for equal sizes.
    void clear();

private:
    struct Data;
    QExplicitlySharedDataPointer<Data> d;
};

QDebug operator<<(QDebug, const Secret &) = delete;

//! Overwrites \a size bytes at \a data in a way that the compiler keeps.
WATCHWORD_CORE_EXPORT void wipe(void *data, qsizetype size);

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Secret)
