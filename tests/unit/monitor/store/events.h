// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QRandomGenerator>

#include <ctime>

namespace Events {

//! Processor time of this process in ms: figures that other processes of the machine do not change.
inline double cpuMs()
{
    return double(std::clock()) * 1000 / CLOCKS_PER_SEC;
}

//! A line of the audit log with everything that becomes columns.
inline QByteArray line(quint64 sequence, const char *kind = "conn.opened", int severity = 1, const QByteArray &user = "alice",
                       const QByteArray &ip = "10.1.2.3", const QByteArray &message = "hello")
{
    const QByteArray second = QByteArray::number(int(sequence % 60)).rightJustified(2, '0');
    const QByteArray minute = QByteArray::number(int(sequence / 60 % 60)).rightJustified(2, '0');
    return R"({"specversion":"1.0","id":"e-)" + QByteArray::number(sequence)
        + R"(","source":"wss-gateway://c/gw-1","type":"dev.watchword.)" + kind + R"(.v1","time":"2026-11-22T14:)" + minute + ':'
        + second + R"(.250Z","sequence":")" + QByteArray::number(sequence).rightJustified(20, '0') + R"(","data":{"severity":)"
        + QByteArray::number(severity) + R"(,"outcome":"success","message":")" + message
        + R"(","actor":{"type":"user","sub":"u-1","name":")" + user + R"(","client_id":"desk"},"session":{"sid":"s-)" + user
        + R"(","conn_id":"c-)" + QByteArray::number(sequence % 97) + R"("},"token":{"jti":"at-)"
        + QByteArray::number(sequence % 31) + R"(","family":"f-1"},"src":{"ip":")" + ip + R"(","port":5000}}})";
}

//! The same with random members.
inline QByteArray randomLine(quint64 sequence, QRandomGenerator &random)
{
    static const char *kinds[] = {"conn.opened",          "conn.closed",  "token.refreshed",
                                  "token.refresh_failed", "token.reused", "limit.hit"};
    const QByteArray user = "user" + QByteArray::number(int(random.bounded(40)));
    const QByteArray ip =
        "10." + QByteArray::number(int(random.bounded(4))) + ".0." + QByteArray::number(int(random.bounded(200)));
    return line(sequence, kinds[random.bounded(6)], 1 + int(random.bounded(5)), user, ip,
                "attempt " + QByteArray::number(int(random.bounded(9))));
}

} // namespace Events
