// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "qmlclient.h"

#include "watchword/link/room.h"

#include <QJSValue>
#include <QPointer>
#include <QQmlParserStatus>
#include <QVariantMap>
#include <qqmlregistration.h>

#include <memory>

/*!
    `Room` in QML: one room of a rooms endpoint, followed over every reconnect.

        Room { id: lobby; client: orders; name: "lobby"
               onPublished: (text, from) => log.append({ line: from + ": " + text })
               onGap: (from, to, reason) => reload() }
        Button { text: "Hello"; onClicked: lobby.publish("hello", (outcome) => console.log(outcome.ok)) }

    Life cycle: it is joined when the declaration is complete, `client` was started and `name` is set, and left when it is
    destroyed, inactive, or gets another name or client. It may be declared before the client is started and while it is
    offline. Several Room of one name and client share one subscription; a later one sees what comes from then on.

    published() comes in the server's order, without holes and repetitions but for what gap() names. After gap() nothing
    that it names will come: load the state anew if that matters. `live` says that all older publications are here, and
    is false while the link is down. `position` can be kept, for example in Settings, and given as `startAfter` in a
    later run of the program, to get what was published meanwhile; it is read when the room is joined.

    Errors: `errorText` says why nothing can come, as on a server without rooms; otherwise it is empty. What publish()
    did is told to its callback, exactly once and never before publish() returned; not at all once the Room or its
    Client is destroyed.

    Threads: the QML engine's. Ownership: borrows the client, which may be destroyed first.
*/
class QmlRoom : public QObject, public QQmlParserStatus
{
    Q_OBJECT
    Q_INTERFACES(QQmlParserStatus)
    QML_NAMED_ELEMENT(Room)
    Q_PROPERTY(QmlClient *client READ client WRITE setClient NOTIFY clientChanged FINAL)
    Q_PROPERTY(QString name READ name WRITE setName NOTIFY nameChanged FINAL)
    Q_PROPERTY(bool active READ isActive WRITE setActive NOTIFY activeChanged FINAL)
    Q_PROPERTY(QVariantMap startAfter READ startAfter WRITE setStartAfter NOTIFY startAfterChanged FINAL)
    Q_PROPERTY(bool live READ isLive NOTIFY liveChanged FINAL)
    Q_PROPERTY(QVariantMap position READ position NOTIFY positionChanged FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)

public:
    explicit QmlRoom(QObject *parent = nullptr);
    ~QmlRoom() override;

    QmlClient *client() const { return m_client; }
    void setClient(QmlClient *client);
    QString name() const { return m_name; }
    void setName(const QString &name); //!< 1 to 128 characters; anything else is in errorText.
    bool isActive() const { return m_active; }
    void setActive(bool active); //!< At first true.
    QVariantMap startAfter() const { return m_startAfter; }
    void setStartAfter(const QVariantMap &position); //!< {epoch, offset}; empty: from now on.
    bool isLive() const { return m_live; }
    QVariantMap position() const; //!< {epoch, offset}; empty until something is known.
    QString errorText() const { return m_errorText; } //!< For people, translated.

    void classBegin() override { }
    void componentComplete() override;

public Q_SLOTS:
    //! Publishes here, sent again until the server has it (AtLeastOnce). \a callback gets an Outcome.
    void publish(const QString &text, const QJSValue &callback = {});

Q_SIGNALS:
    void published(const QString &text, const QString &from, double offset);
    void gap(double from, double to, const QString &reason); //!< As Watchword::Gap; \a to 0: nobody can number it.
    void clientChanged();
    void nameChanged();
    void activeChanged();
    void startAfterChanged();
    void liveChanged();
    void positionChanged();
    void errorTextChanged();

private:
    void update();
    void join(Watchword::Connection *connection);
    void refresh();

    QPointer<QmlClient> m_client;
    std::unique_ptr<Watchword::Room> m_room; //!< While it is joined.
    QString m_name;
    QVariantMap m_startAfter;
    QString m_errorText;
    bool m_active = true;
    bool m_complete = false;
    bool m_live = false;
};
