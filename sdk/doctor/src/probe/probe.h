// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "probe/exchange.h"
#include "watchword/core/secret.h"

#include <functional>
#include <optional>

namespace Watchword::Doctoring {

/*! A frame as it is to be sent, also one that no client may send. */
struct ProbeFrame
{
    quint8 opcode = 1;
    QByteArray payload; //!< kTokenMark stands for the token.
    Secret token{}; //!< Empty: that of the probe.
    bool fin = true;
    bool masked = true;
    std::optional<quint64> announced; //!< A length that is not the payload's.
    int repeat = 1;
    bool compressed = false; //!< RSV1
};

QString inWords(const ProbeFrame &frame); //!< As in "400 frames, each: text, 16 bytes".

/*! One connection: what is sent on it, and how long is waited for what. Value. */
struct Probe
{
    enum class Line {
        Tls, //!< A request by TLS, answered by HTTP and then frames.
        Plain, //!< The same without TLS. Never with a token.
        Hello //!< Raw bytes without TLS, answered by raw bytes.
    };

    QString id;
    Line line = Line::Tls;
    QString host; //!< Empty: the endpoint's. Another one is only ever the issuer's, and never gets an access token.
    quint16 port = 0; //!< 0: the endpoint's
    QByteArray bytes; //!< The head, with kTokenMark for the token; the bytes of a hello as they are.
    Secret token;
    QString credential; //!< What the token is, for the report.
    QList<ProbeFrame> frames; //!< Sent at once after a 101.
    Duration patience{3000}; //!< For TCP, TLS and the answer together.
    Duration linger{0}; //!< After a 101: how long to listen.
    QByteArray welcome; //!< A message that has this in it says that the token was accepted; empty: there is no such message.
    Duration lingerAfterWelcome{0};
    std::function<bool(const Exchange &)>
        enough; //!< Asked at each message: nothing more is waited for. Null: as long as linger says.
    qsizetype bodyKept = 4096; //!< Of the answer.
    QString remark; //!< What the bytes do not show of what is sent, for the report.
    bool runsBeside = false; //!< Takes long; others do not wait for it.
    bool isOpenFirst = false; //!< With runsBeside: others wait until it is open.
    bool isBurst = false; //!< Goes out at once, without the pace of the options.
};

} // namespace Watchword::Doctoring
