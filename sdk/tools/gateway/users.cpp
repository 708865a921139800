// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include "failure.h"
#include "newpassword.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/gateway/userfile.h"

#include <QCommandLineParser>

#include <algorithm>
#include <cstdio>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;
using Gateway::UserFile;

namespace {

constexpr int kDone = 0;

int wrongLine(const QString &text)
{
    return usage(text, "user add|passwd|lock|unlock|remove NAME | list [--config FILE]\nTry watchword-gateway user --help.");
}

// Who is in the configuration is not in the file, and the configuration counts: a change here would change nothing.
Result<void> isOurs(const Gateway::EmbeddedIssuerConfig &issuer, const QString &what, const QString &name)
{
    const auto isMeant = [&name](const auto &user) { return user.name.compare(name, Qt::CaseInsensitive) == 0; };
    if (what == "remove"_L1 || std::none_of(issuer.users.begin(), issuer.users.end(), isMeant))
        return {};
    const Error error(ErrorCode::InvalidArgument, u"the user \"%1\" is in the configuration, which counts"_s.arg(name));
    if (what == "add"_L1)
        return error.withRemedy(u"Take another name, or remove that [[issuer_embedded.user]] first."_s);
    return error.withRemedy(
        u"Change or remove that [[issuer_embedded.user]] and restart the gateway. To keep the user out at once: "
        "watchword locks --user NAME --reason TEXT."_s);
}

int list(const UserFile &file)
{
    const Result<QList<UserFile::User>> users = file.read();
    if (!users)
        return fail(users.error());
    for (const UserFile::User &user : *users) {
        std::printf("%s\t%s\t%s\t%s\n", qPrintable(printable(user.name)), qPrintable(printable(user.subject)),
                    user.isLocked ? "locked" : "active", qPrintable(printable(user.scopes.join(u' '))));
    }
    return kDone;
}

int change(UserFile &file, const QString &what, const QString &name, const QCommandLineParser &parser)
{
    Result<void> done;
    if (what == "add"_L1 || what == "passwd"_L1) {
        const Result<QString> hash = hashOfNewPassword();
        if (!hash)
            return fail(hash.error());
        const QString subject = parser.value(u"subject"_s);
        done = what == "passwd"_L1
            ? file.setPassword(name, *hash, Clock::system().wallNow())
            : file.add({name, subject.isEmpty() ? name : subject, *hash, parser.values(u"scope"_s), false, {}});
    } else if (what == "lock"_L1 || what == "unlock"_L1) {
        done = file.setLocked(name, what == "lock"_L1);
    } else {
        done = file.remove(name);
    }
    return done ? kDone : fail(done.error());
}

} // namespace

int runUser(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Keeps the users of the embedded issuer, beside those of the configuration. A running gateway sees the change; a new "
        "password, a lock and a removal end the user's sessions. Passwords have at least 8 characters and are "
        "read from the terminal or from standard input."_s);
    parser.addOption({{u"h"_s, u"help"_s}, u"Show this text."_s});
    parser.addOption({u"config"_s, u"The configuration file of the gateway."_s, u"FILE"_s, u"/etc/watchword/gateway.toml"_s});
    parser.addOption({u"scope"_s, u"With add: a scope that the user may have; again for more."_s, u"SCOPE"_s});
    parser.addOption({u"subject"_s, u"With add: \"sub\" of the user's tokens; the name without it."_s, u"SUB"_s});
    parser.addPositionalArgument(u"ACTION"_s, u"add, passwd, lock, unlock, remove or list"_s);
    parser.addPositionalArgument(u"NAME"_s, u"Of the user."_s, u"[NAME]"_s);
    if (!parser.parse(QStringList{u"watchword-gateway user"_s} + arguments))
        return wrongLine(parser.errorText());
    if (parser.isSet(u"help"_s)) {
        std::printf("%s", qPrintable(parser.helpText()));
        return kDone;
    }
    const QStringList words = parser.positionalArguments();
    static const QStringList known{u"add"_s, u"passwd"_s, u"lock"_s, u"unlock"_s, u"remove"_s};
    const QString what = words.value(0);
    if (what == "list"_L1 ? words.size() != 1 : words.size() != 2 || !known.contains(what))
        return wrongLine(u"say what to do and whose user it is"_s);
    if (what != "add"_L1 && (parser.isSet(u"scope"_s) || parser.isSet(u"subject"_s)))
        return wrongLine(u"--scope and --subject go with add"_s);
    const Result<Gateway::GatewayConfig> config = Gateway::GatewayConfig::fromFile(parser.value(u"config"_s));
    if (!config)
        return fail(config.error());
    if (!config->embeddedIssuer || config->embeddedIssuer->stateFolder.isEmpty())
        return fail(Error(ErrorCode::ConfigInvalid, u"%1 has no [issuer_embedded] with state"_s.arg(parser.value(u"config"_s))));
    UserFile file(config->embeddedIssuer->stateFolder);
    if (const Result<void> ours = isOurs(*config->embeddedIssuer, what, words.value(1)); !ours)
        return fail(ours.error());
    return what == "list"_L1 ? list(file) : change(file, what, words.at(1), parser);
}

} // namespace Watchword::Tools
