// SPDX-License-Identifier: Apache-2.0
#include "session/sleepsignal.h"

#ifdef WATCHWORD_HAS_DBUS
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusUnixFileDescriptor>
#endif

namespace Watchword {

using namespace Qt::StringLiterals;

#ifdef WATCHWORD_HAS_DBUS

namespace {

const QString kService = u"org.freedesktop.login1"_s;
const QString kPath = u"/org/freedesktop/login1"_s;
const QString kManager = u"org.freedesktop.login1.Manager"_s;

} // namespace

/*! A delay lock of logind: held as long as its descriptor is open. */
class SleepSignal::Lock
{
public:
    explicit Lock(SleepSignal *owner)
    {
        QDBusMessage call = QDBusMessage::createMethodCall(kService, kPath, kManager, u"Inhibit"_s);
        call.setArguments({u"sleep"_s, u"Watchword"_s, u"A sign-in is being renewed"_s, u"delay"_s});
        call.setAutoStartService(false);
        auto *watcher = new QDBusPendingCallWatcher(QDBusConnection::systemBus().asyncCall(call, 5000), owner);
        // An answer that comes when nobody wants it any more closes its descriptor by going away.
        QObject::connect(watcher, &QDBusPendingCallWatcher::finished, owner, [owner, self = this](QDBusPendingCallWatcher *done) {
            const QDBusPendingReply<QDBusUnixFileDescriptor> reply = *done;
            if (owner->m_lock.get() == self && reply.isValid())
                self->m_descriptor = reply.value();
            done->deleteLater();
        });
    }

private:
    QDBusUnixFileDescriptor m_descriptor;
};

SleepSignal::SleepSignal(QObject *parent)
    : QObject(parent)
{
    QDBusConnection bus = QDBusConnection::systemBus();
    if (bus.isConnected())
        bus.connect(kService, kPath, kManager, u"PrepareForSleep"_s, this, SLOT(onPrepareForSleep(bool)));
}

void SleepSignal::inhibit()
{
    if (!m_lock && QDBusConnection::systemBus().isConnected())
        m_lock = std::make_unique<Lock>(this);
}

#else

class SleepSignal::Lock
{
};

SleepSignal::SleepSignal(QObject *parent)
    : QObject(parent)
{
}

void SleepSignal::inhibit()
{
}

#endif

SleepSignal::~SleepSignal() = default;

void SleepSignal::release()
{
    m_lock.reset();
}

void SleepSignal::onPrepareForSleep(bool begins)
{
    if (begins)
        Q_EMIT aboutToSleep();
    else
        Q_EMIT resumed();
}

} // namespace Watchword
