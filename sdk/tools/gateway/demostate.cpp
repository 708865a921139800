// SPDX-License-Identifier: Apache-2.0
#include "demostate.h"

#include "watchword/core/internal/durablefile.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

std::optional<quint16> portIn(const QJsonObject &json, QLatin1StringView name)
{
    const qint64 port = json.value(name).toInteger(-1);
    if (port < 0 || port > 65535)
        return {};
    return quint16(port);
}

std::optional<DemoState> readState(const QJsonObject &json)
{
    const auto gateway = portIn(json, "gateway_port"_L1);
    const auto issuer = portIn(json, "issuer_port"_L1);
    if (!gateway || !issuer || !json.value("users"_L1).isArray())
        return {};
    DemoState state{*gateway, *issuer, {}};
    const QJsonArray users = json.value("users"_L1).toArray();
    for (const QJsonValue &user : users) {
        const QString name = user["name"_L1].toString();
        const QString password = user["password"_L1].toString();
        if (name.isEmpty() || password.isEmpty())
            return {};
        state.passwords.append({name, password});
    }
    return state;
}

} // namespace

Result<DemoState> DemoState::load(const QString &name)
{
    QFile file(name);
    if (!file.exists())
        return DemoState();
    if (!file.open(QIODevice::ReadOnly))
        return Error(ErrorCode::FileUnreadable, u"%1: %2"_s.arg(name, file.errorString()));
    const std::optional<DemoState> state = readState(QJsonDocument::fromJson(file.readAll()).object());
    if (!state)
        return Error(ErrorCode::StoreCorrupt, u"%1 is not the state of a demo"_s.arg(name))
            .withRemedy(u"Give --state another folder, or remove this one to begin anew."_s);
    return *state;
}

Result<void> DemoState::save(const QString &name) const
{
    QJsonArray users;
    for (const auto &[user, password] : passwords)
        users.append(QJsonObject{{u"name"_s, user}, {u"password"_s, password}});
    const QJsonObject json{{u"gateway_port"_s, gatewayPort}, {u"issuer_port"_s, issuerPort}, {u"users"_s, users}};
    return writeDurably(name, QJsonDocument(json).toJson());
}

} // namespace Watchword::Tools
