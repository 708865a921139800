// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayList>
#include <QList>
#include <QObject>
#include <QSslCertificate>
#include <QUrl>

#include <memory>

namespace Monitor {

class Workspace;

/*!
    Events of any WebSocket server that speaks "cloudevents.json" (CloudEvents WebSocket binding), one event a message, as the
   source of a workspace. Batches, which are arrays, are taken apart. It reconnects by itself; what was missed meanwhile is not
   asked for, since there is no way to: where the events have numbers, the hole is a gap row.

    Ownership: borrows the workspace, which must outlive it. Threads: the GUI thread. Errors: in the LinkStatus of the workspace,
   as sentences.
*/
class EventStream : public QObject
{
    Q_OBJECT

public:
    EventStream(Workspace &workspace, QUrl url, QList<QSslCertificate> additionalAuthorities, QObject *parent = nullptr);
    ~EventStream() override;

    void start();
    static QByteArrayList linesOf(const QByteArray &message); //!< An event each, without line ends.

private:
    void take(const QByteArray &message);
    void showState();
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
