// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace Watchword::Tool {

bool isTerminal(); //!< Whether somebody reads standard output.
bool isKeyboard(); //!< Whether somebody types standard input.
int terminalWidth(); //!< In columns; 80 if nobody says.

/*! Lines of at most \a width columns, broken at blanks; those after the first begin with \a indent blanks. */
QStringList wrapped(const QString &text, int width, int indent = 0);

/*! One line at the end of standard error that is overwritten again and again; nothing where nobody watches. */
class ProgressLine
{
public:
    ProgressLine();
    bool isShown() const { return m_isShown; } //!< Somebody watches.
    void show(const QString &text) const;
    void hide() const; //!< Before anything else is printed.

private:
    const bool m_isShown;
};

enum class Emphasis { Heading, Quiet, Good, Bad };
//! \a text as terminals show it, if \a colour; else as it is.
QString emphasized(const QString &text, Emphasis emphasis, bool colour);

/*!
    A page of the guide as text for a terminal: paragraphs and lists are wrapped, code stays as it is, links within the guide
    lose their address.
*/
QString readable(const QString &markdown, int width, bool colour);

} // namespace Watchword::Tool
