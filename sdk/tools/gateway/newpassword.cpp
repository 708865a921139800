// SPDX-License-Identifier: Apache-2.0
#include "newpassword.h"

#include "watchword/core/secret.h"
#include "watchword/jose/passwordhash.h"

#include <QFile>

#include <cstdio>

#ifdef Q_OS_UNIX
#include <termios.h>
#include <unistd.h>
#endif

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLeastCharacters = 8;

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

// UTF-8 has one byte in each character that is no continuation.
qsizetype charactersOf(QByteArrayView utf8)
{
    return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

} // namespace

Result<QString> hashOfNewPassword()
{
    const HiddenInput input;
    const Secret password = readPasswordLine("New password: ", input.isTerminal());
    if (password.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the password is empty"_s);
    if (charactersOf(password.reveal()) < kLeastCharacters)
        return Error(ErrorCode::InvalidArgument, u"the password has fewer than %1 characters"_s.arg(kLeastCharacters));
    if (input.isTerminal() && !password.equals(readPasswordLine("Again: ", true)))
        return Error(ErrorCode::InvalidArgument, u"the two passwords differ"_s);
    return hashPassword(password);
}

} // namespace Watchword::Tools
