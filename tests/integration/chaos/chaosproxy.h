// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/random.h"

#include <QElapsedTimer>
#include <QPointer>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>

#include <deque>

/*! What befalls one connection that passes the proxy. */
struct ChaosPlan
{
    enum class End { Reset, Finish, Silence }; //!< RST on both sides; FIN; half-open: bytes are taken and go nowhere.
    int latencyMs = 0; //!< For every piece, in both directions.
    int bytesPerTick = 0; //!< Throttle: at most so many in 5 ms and direction; 0 is no limit.
    qint64 stallAfterBytes = -1; //!< Nothing passes for stallMs once so many bytes have passed.
    int stallMs = 0;
    qint64 endAfterBytes = -1; //!< In the middle of whatever passes then, be it a TLS record or a frame.
    int endAfterMs = -1;
    End end = End::Reset;
    bool refuse = false; //!< RST instead of a connection.

    static ChaosPlan calm() { return {}; }
    static ChaosPlan drawn(Watchword::RandomSource &random);
};

/*! One connection between a client and the server behind the proxy. */
class ChaosLink : public QObject
{
    Q_OBJECT

public:
    ChaosLink(QTcpSocket *client, quint16 serverPort, const ChaosPlan &plan, QObject *parent);
    ~ChaosLink() override;

    bool isClientThere() const; //!< The client has not closed its end.
    void end(ChaosPlan::End how);

Q_SIGNALS:
    void clientGone();
    void resetUnheard(); //!< Before a byte of the client came.

private:
    struct Piece
    {
        qint64 due;
        QByteArray bytes;
    };
    struct Direction
    {
        QPointer<QTcpSocket> from;
        QPointer<QTcpSocket> to;
        std::deque<Piece> waiting;
    };

    void take(Direction &direction);
    void pump();
    void pump(Direction &direction, qint64 now);
    void pass(Direction &direction, const QByteArray &bytes);

    ChaosPlan m_plan;
    Direction m_up;
    Direction m_down;
    QElapsedTimer m_age;
    QTimer m_tick;
    qint64 m_passed = 0;
    qint64 m_stalledUntil = -1;
    bool m_clientThere = true;
    bool m_isSilent = false;
};

/*!
    A TCP proxy between a client and a server, both on the loopback address, that does to its connections what networks do.
    Everything that chance decides comes from the seed.
*/
class ChaosProxy : public QTcpServer
{
    Q_OBJECT

public:
    ChaosProxy(quint16 serverPort, quint64 seed, QObject *parent = nullptr);

    void setServerPort(quint16 port) { m_serverPort = port; } //!< Of connections that come from now on.
    void beMild() { m_isMild = true; } //!< Connections live four times as long.
    void calmDown() { m_isCalm = true; } //!< For connections that come from now on.
    void endAll(); //!< Resets what is open.
    int accepted() const { return m_accepted; }
    int unheard() const { return m_unheard; } //!< Of these, reset before a byte of the client came.
    int mostHeld() const { return m_mostHeld; } //!< Connections that the client held at once, but for moments.

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    quint16 m_serverPort;
    Watchword::SeededRandom m_random;
    int m_accepted = 0;
    int m_unheard = 0;
    QList<ChaosLink *> m_links;
    int m_mostHeld = 0;
    bool m_isMild = false;
    bool m_isCalm = false;
};
