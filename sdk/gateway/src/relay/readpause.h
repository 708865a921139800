// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPointer>
#include <QTcpSocket>

namespace Watchword::Gateway {

/*!
    Stops a QWebSocket from reading, so that TCP itself brakes the sender. QWebSocket has no such call: this one silences
    the signals of the socket below it, and bounds what that socket takes in meanwhile.

    While paused, the socket's end is not noticed either; resume() makes up for it. Nothing is lost.
    Threads: one. Ownership: none; the socket may go at any time.
*/
class ReadPause
{
public:
    explicit ReadPause(QTcpSocket *socket = nullptr);
    ~ReadPause();
    ReadPause(const ReadPause &) = delete;
    ReadPause &operator=(const ReadPause &) = delete;

    void setSocket(QTcpSocket *socket);
    void pause();
    void resume();
    bool isPaused() const { return m_isPaused; }

private:
    QPointer<QTcpSocket> m_socket;
    bool m_isPaused = false;
};

} // namespace Watchword::Gateway
