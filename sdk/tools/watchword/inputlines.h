// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

namespace Watchword::Tool {

/*!
    The lines of standard input as signals. Not every system lets an event loop wait for it, so a thread of its own reads it, up
    to the end of the program: one for a process.
*/
class InputLines : public QObject
{
    Q_OBJECT

public:
    void start();

Q_SIGNALS:
    void read(const QString &line); //!< Without its end.
    void ended();
};

} // namespace Watchword::Tool
