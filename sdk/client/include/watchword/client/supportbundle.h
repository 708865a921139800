// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/client/export.h"
#include "watchword/core/result.h"

#include <QJsonObject>

namespace Watchword {

class Client;
class Connection;
class Session;

/*!
    One file for a support ticket: what session and connection say of themselves, versions, and options.

    Nothing secret gets in, because nothing that is asked knows how to say a secret: tokens and people appear
   as fingerprints, URLs without their queries. Texts of the application and of servers are searched as a
   second line of defence: what looks like a token or a credential is replaced by "[removed]".

    add() copies the facts of that moment; the objects are not needed afterwards.
    Threads: plain value; add() in the thread of the object that is added.
*/
class WATCHWORD_CLIENT_EXPORT SupportBundle
{
public:
    SupportBundle(); //!< With time, versions and operating system.

    void add(const Session &session); //!< Named by its account; the same account again replaces it.
    void add(const Connection &connection);
    void add(Client &client); //!< Its state, session and connection.
    //! A fact of the application, such as its version; \a title names it.
    void addNote(const QString &title, const QString &text);

    QJsonObject toJson() const;
    QString toText() const; //!< The same, for reading.
    /*!
        Writes toJson() if \a path ends in ".json", else toText(), readable for this user only, or nothing at
       all. StorageFailed with the system's reason; a file that exists is replaced.
    */
    Result<void> writeTo(const QString &path) const;

    //! \a text without what looks like a credential: JWTs, "Bearer ...", values of code=, token= and the
    //! like.
    static QString scrubbed(QString text);

private:
    QJsonObject m_facts;
};

} // namespace Watchword
