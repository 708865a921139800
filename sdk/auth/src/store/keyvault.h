// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/keystore.h"
#include "watchword/auth/tokenstore.h"
#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <functional>
#include <utility>

namespace Watchword {

/*!
    Gets the application's key out of its KeyStore, and makes it when there has never been one.

    A marker file beside the tokens says that a key was made and in which keychain. It is what tells "there is no key yet"
    from "the keychain does not show the key now": the second must never lead to a new key by itself, because everything
    that is stored would be lost. A lock keeps two processes from making two keys.
*/
class WATCHWORD_TEST_EXPORT KeyVault : public QObject
{
    Q_OBJECT

public:
    enum class Creation {
        Never, //!< NotFound when there is no key and no marker.
        IfNeverMade, //!< Makes one unless the marker exists.
        Always //!< Makes one also then: a person decided to sign in anew. What was stored is set aside when it is read.
    };
    using Callback = std::function<void(const Result<Secret> &)>;

    KeyVault(std::shared_ptr<KeyStore> keys, QString folder, Clock &clock, QObject *parent = nullptr);
    ~KeyVault() override;

    //! One at a time: a call while another runs takes its place, and the other's callback is never called.
    void open(Creation creation, Callback callback);
    bool isOpening() const { return bool(m_callback); }
    //! What changed about where the key lies since it was made, in words; empty if nothing, and once read.
    QString takeNote() { return std::exchange(m_note, {}); }

private:
    void lock(int run);
    void read(int run);
    void onRead(const Result<Secret> &key);
    void create(int run);
    void finish(const Result<Secret> &result);
    Result<void> writeMarker() const;
    bool markerExists() const;
    QString whereaboutsChanged() const;

    std::shared_ptr<KeyStore> m_keys;
    QString m_folder;
    Alarm m_poll;
    Instant m_started{};
    Clock &m_clock;
    Creation m_creation = Creation::Never;
    Callback m_callback;
    std::shared_ptr<StoreLock> m_lock;
    QString m_note;
    int m_run = 0; // answers of an earlier call are not answers of this one
};

} // namespace Watchword
