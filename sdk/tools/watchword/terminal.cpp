// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <QRegularExpression>

#include <algorithm>
#include <cstdio>

#ifdef Q_OS_UNIX
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr int kNarrowest = 40;
constexpr int kWidest = 100; // longer lines of prose are hard to read

// Signs of Markdown that say nothing on a terminal.
QString plainText(QString line)
{
    static const QRegularExpression outside(u"\\[([^\\]]+)\\]\\((https?://[^)\\s]+)\\)"_s);
    static const QRegularExpression inside(u"\\[([^\\]]+)\\]\\([^)\\s]+\\)"_s);
    static const QRegularExpression strong(u"\\*\\*([^*]+)\\*\\*"_s);
    static const QRegularExpression slanted(u"(?<![\\w*])\\*([^*]+)\\*(?![\\w*])"_s);
    return line.replace(outside, u"\\1 (\\2)"_s).replace(inside, u"\\1"_s).replace(strong, u"\\1"_s).replace(slanted, u"\\1"_s);
}

class Page
{
public:
    Page(int width, bool colour)
        : m_width(std::clamp(width, kNarrowest, kWidest))
        , m_colour(colour)
    {
    }
    void read(const QString &line);
    QString text()
    {
        endParagraph();
        return m_lines.join(u'\n') + u'\n';
    }

private:
    void endParagraph()
    {
        if (!m_paragraph.isEmpty())
            m_lines += wrapped(plainText(m_paragraph), m_width, m_indent);
        m_paragraph.clear();
        m_indent = 0;
    }

    QStringList m_lines;
    QString m_paragraph;
    int m_width;
    int m_indent = 0;
    bool m_colour;
    bool m_isCode = false;
};

void Page::read(const QString &line)
{
    static const QRegularExpression item(u"^(- |\\d+\\. )"_s);
    if (line.startsWith("```"_L1)) {
        endParagraph();
        m_isCode = !m_isCode;
    } else if (m_isCode) {
        m_lines.append(emphasized(u"    "_s + line, Emphasis::Quiet, m_colour));
    } else if (line.startsWith(u'#')) {
        endParagraph();
        m_lines.append(emphasized(plainText(line.mid(line.indexOf(u' ') + 1)), Emphasis::Heading, m_colour));
    } else if (line.trimmed().isEmpty()) {
        endParagraph();
        m_lines.append(QString());
    } else if (line.startsWith(u'|')) {
        m_lines.append(plainText(line));
    } else {
        if (const auto match = item.match(line); match.hasMatch()) {
            endParagraph();
            m_indent = int(match.capturedLength());
        }
        m_paragraph += m_paragraph.isEmpty() ? line.trimmed() : u' ' + line.trimmed();
    }
}

bool isErrorTerminal()
{
#ifdef Q_OS_UNIX
    return ::isatty(STDERR_FILENO) == 1;
#else
    return false;
#endif
}

} // namespace

ProgressLine::ProgressLine()
    : m_isShown(isErrorTerminal() && qgetenv("TERM") != "dumb")
{
}

void ProgressLine::show(const QString &text) const
{
    if (m_isShown)
        std::fputs(("\r\x1b[K" + text.toUtf8()).constData(), stderr);
}

void ProgressLine::hide() const
{
    show({});
}

bool isTerminal()
{
#ifdef Q_OS_UNIX
    return ::isatty(STDOUT_FILENO) == 1;
#else
    return false;
#endif
}

bool isKeyboard()
{
#ifdef Q_OS_UNIX
    return ::isatty(STDIN_FILENO) == 1;
#else
    return false;
#endif
}

int terminalWidth()
{
#ifdef Q_OS_UNIX
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
#endif
    const int columns = qEnvironmentVariableIntValue("COLUMNS");
    return columns > 0 ? columns : 80;
}

QStringList wrapped(const QString &text, int width, int indent)
{
    QStringList lines;
    QString line;
    const QStringList words = text.split(u' ', Qt::SkipEmptyParts);
    for (const QString &word : words) {
        if (!line.trimmed().isEmpty() && line.size() + 1 + word.size() > width) {
            lines.append(line);
            line = QString(indent, u' ') + word;
        } else {
            line += line.trimmed().isEmpty() ? word : u' ' + word;
        }
    }
    if (!line.trimmed().isEmpty())
        lines.append(line);
    return lines;
}

QString emphasized(const QString &text, Emphasis emphasis, bool colour)
{
    static const QStringList codes{u"1"_s, u"2"_s, u"32"_s, u"1;31"_s};
    return colour ? u"\x1b["_s + codes.at(int(emphasis)) + u'm' + text + u"\x1b[0m"_s : text;
}

QString readable(const QString &markdown, int width, bool colour)
{
    Page page(width, colour);
    const QStringList lines = markdown.trimmed().split(u'\n');
    for (const QString &line : lines)
        page.read(line);
    return page.text();
}

} // namespace Watchword::Tool
