// SPDX-License-Identifier: Apache-2.0
#include "gatewaysite.h"

#include <QFile>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

bool GatewaySite::prepare(int users)
{
    if (!GatewayProcess::prepare("[[endpoint]]\npath = \"/\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
                                 "limits = { handshakes_per_second = 0, connections_per_user = 0, "
                                 "messages_per_second = 0, bytes_per_second = 0 }\n"))
        return false;
    QFile file(this->file(u"tokens.txt"_s));
    bool done = file.open(QIODevice::WriteOnly) && file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    for (int user = 0; user < users && done; ++user)
        done = file.write(token(u"user-%1"_s.arg(user)) + '\n') > 0;
    if (!done || !file.flush())
        std::fprintf(stderr, "cannot write %s\n", qPrintable(file.fileName()));
    return done;
}

} // namespace Bench
