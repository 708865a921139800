// SPDX-License-Identifier: Apache-2.0
#include "gatewaysite.h"

#include <QFile>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

bool GatewaySite::prepare(int users, const QByteArray &serves, const QByteArray &listen)
{
    if (!GatewayProcess::prepare("[[endpoint]]\npath = \"/\"\nscopes = [\"use\"]\n" + serves
                                 + "\nlimits = { handshakes_per_second = 0, connections_per_user = 0, "
                                   "messages_per_second = 0, bytes_per_second = 0, message_bytes = \"1 MiB\" }\n")
        || !addToListen(listen.contains("handshakes_per_address") ? listen : "handshakes_per_address = 0\n" + listen))
        return false;
    QFile file(this->file(u"tokens.txt"_s));
    bool done = file.open(QIODevice::WriteOnly) && file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    for (int user = 0; user < users && done; ++user)
        done = file.write(token(u"user-%1"_s.arg(user)) + '\n') > 0;
    if (!done || !file.flush())
        std::fprintf(stderr, "cannot write %s\n", qPrintable(file.fileName()));
    return done;
}

bool GatewaySite::addToListen(const QByteArray &lines) const
{
    QFile file(this->file(u"gateway.toml"_s));
    if (!file.open(QIODevice::ReadWrite))
        return false;
    const QByteArray text = file.readAll().replace("[listen]\n", "[listen]\n" + lines);
    return file.seek(0) && file.write(text) == text.size();
}

QString GatewaySite::issuerValue(const QByteArray &key) const
{
    const QByteArray begin = key + " = \"";
    const QByteArray table = issuerTable();
    const qsizetype start = table.indexOf(begin) + begin.size();
    return QString::fromLatin1(table.mid(start, table.indexOf('"', start) - start));
}

} // namespace Bench
