// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include "watchword/gateway/gatewayconfig.h"
#include "watchword/gateway/userfile.h"
#include "watchword/jose/passwordhash.h"

#include <QCommandLineParser>
#include <QFile>

#include <cstdio>

#ifdef Q_OS_UNIX
#include <termios.h>
#include <unistd.h>
#endif

namespace Watchword::Tools {

using namespace Qt::StringLiterals;
using Gateway::UserFile;

namespace {

constexpr int kDone = 0;
constexpr int kUserFailed = 1;
constexpr int kWrongLine = 2;

int tell(const Error &error)
{
    std::fprintf(stderr, "watchword-gateway: %s\n", qPrintable(error.detail().isEmpty() ? error.toString() : error.detail()));
    if (!error.remedy().isEmpty())
        std::fprintf(stderr, "%s\n", qPrintable(error.remedy()));
    return kUserFailed;
}

int wrongLine(const QString &text)
{
    std::fprintf(stderr,
                 "watchword-gateway: %s\nUsage: watchword-gateway user add|passwd|lock|unlock|remove NAME | list "
                 "[--config FILE]\nTry watchword-gateway user --help.\n",
                 qPrintable(text));
    return kWrongLine;
}

#ifdef Q_OS_UNIX
/*! What is typed is not shown as long as it lives. */
class HiddenInput
{
public:
    HiddenInput()
        : m_isTerminal(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &m_before) == 0)
    {
        if (!m_isTerminal)
            return;
        termios hidden = m_before;
        hidden.c_lflag &= ~tcflag_t(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    ~HiddenInput()
    {
        if (m_isTerminal)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &m_before);
    }
    HiddenInput(const HiddenInput &) = delete;
    HiddenInput &operator=(const HiddenInput &) = delete;
    bool isTerminal() const { return m_isTerminal; }

private:
    termios m_before = {};
    bool m_isTerminal;
};
#else
struct HiddenInput
{
    bool isTerminal() const { return false; }
};
#endif

Secret readPasswordLine(const char *prompt, bool isAsked)
{
    if (isAsked)
        std::fprintf(stderr, "%s", prompt);
    QFile input;
    QByteArray line;
    if (input.open(stdin, QIODevice::ReadOnly))
        line = input.readLine(1026);
    while (line.endsWith('\n') || line.endsWith('\r'))
        line.chop(1);
    if (isAsked)
        std::fprintf(stderr, "\n");
    return Secret::take(std::move(line));
}

// From the terminal twice, without being shown; else the first line of standard input. Never from the command line, which
// everybody on the machine can read.
Result<QString> hashOfNewPassword()
{
    const HiddenInput input;
    const Secret password = readPasswordLine("New password: ", input.isTerminal());
    if (password.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the password is empty"_s);
    if (input.isTerminal() && !password.equals(readPasswordLine("Again: ", true)))
        return Error(ErrorCode::InvalidArgument, u"the two passwords differ"_s);
    return hashPassword(password);
}

int list(const UserFile &file)
{
    const Result<QList<UserFile::User>> users = file.read();
    if (!users)
        return tell(users.error());
    for (const UserFile::User &user : *users) {
        std::printf("%s\t%s\t%s\t%s\n", qPrintable(user.name), qPrintable(user.subject), user.isLocked ? "locked" : "active",
                    qPrintable(user.scopes.join(u' ')));
    }
    return kDone;
}

int change(UserFile &file, const QString &what, const QString &name, const QCommandLineParser &parser)
{
    Result<void> done;
    if (what == "add"_L1 || what == "passwd"_L1) {
        const Result<QString> hash = hashOfNewPassword();
        if (!hash)
            return tell(hash.error());
        const QString subject = parser.value(u"subject"_s);
        done = what == "passwd"_L1
            ? file.setPassword(name, *hash, Clock::system().wallNow())
            : file.add({name, subject.isEmpty() ? name : subject, *hash, parser.values(u"scope"_s), false, {}});
    } else if (what == "lock"_L1 || what == "unlock"_L1) {
        done = file.setLocked(name, what == "lock"_L1);
    } else {
        done = file.remove(name);
    }
    return done ? kDone : tell(done.error());
}

} // namespace

int runUser(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"Keeps the users of the embedded issuer, beside those of the configuration. A running gateway sees the change; a new "
        "password, a lock and a removal end the user's sessions. Passwords are read from the terminal or from standard input."_s);
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
        return tell(config.error());
    if (!config->embeddedIssuer || config->embeddedIssuer->stateFolder.isEmpty())
        return tell(Error(ErrorCode::ConfigInvalid, u"%1 has no [issuer_embedded] with state"_s.arg(parser.value(u"config"_s))));
    UserFile file(config->embeddedIssuer->stateFolder);
    return what == "list"_L1 ? list(file) : change(file, what, words.at(1), parser);
}

} // namespace Watchword::Tools
