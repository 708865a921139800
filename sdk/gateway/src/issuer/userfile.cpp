// SPDX-License-Identifier: Apache-2.0
#include "watchword/gateway/userfile.h"

#include "watchword/core/internal/durablefile.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLockFile>

#ifdef Q_OS_UNIX
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestUserFile = 16 * 1024 * 1024;
constexpr std::chrono::seconds kLockPatience{5};
constexpr QFile::Permissions kReadableByOthers = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;

std::optional<UserFile::User> userOf(const QJsonObject &json)
{
    UserFile::User user;
    user.name = json.value("name"_L1).toString();
    user.subject = json.value("subject"_L1).toString();
    user.passwordHash = json.value("password_hash"_L1).toString();
    const QJsonArray scopes = json.value("scopes"_L1).toArray();
    for (const QJsonValue &scope : scopes)
        user.scopes.append(scope.toString());
    user.isLocked = json.value("locked"_L1).toBool();
    if (const QJsonValue changed = json.value("password_changed"_L1); changed.isDouble())
        user.passwordChanged = WallTime(Duration(changed.toInteger()));
    if (user.name.isEmpty() || user.subject.isEmpty() || user.passwordHash.isEmpty())
        return {};
    return user;
}

QJsonObject jsonOf(const UserFile::User &user)
{
    QJsonObject json{{"name"_L1, user.name},
                     {"subject"_L1, user.subject},
                     {"password_hash"_L1, user.passwordHash},
                     {"scopes"_L1, QJsonArray::fromStringList(user.scopes)}};
    if (user.isLocked)
        json.insert("locked"_L1, true);
    if (user.passwordChanged)
        json.insert("password_changed"_L1, qint64(user.passwordChanged->time_since_epoch().count()));
    return json;
}

// An administrator who is root must not make a file that the gateway cannot read.
void giveToOwnerOfFolder(const QString &file)
{
#ifdef Q_OS_UNIX
    struct stat folder = {};
    if (geteuid() == 0 && stat(QFile::encodeName(QFileInfo(file).absolutePath()).constData(), &folder) == 0)
        static_cast<void>(!chown(QFile::encodeName(file).constData(), folder.st_uid, folder.st_gid));
#else
    Q_UNUSED(file)
#endif
}

// Such names would look like others, or write into terminals.
bool hasUnseen(const QString &text)
{
    return std::any_of(text.begin(), text.end(), [](QChar c) {
        return c.category() == QChar::Other_Control || c.category() == QChar::Other_Format
            || c.category() == QChar::Separator_Line || c.category() == QChar::Separator_Paragraph;
    });
}

QList<UserFile::User>::iterator findUser(QList<UserFile::User> &users, const QString &name)
{
    return std::find_if(users.begin(), users.end(),
                        [&name](const UserFile::User &user) { return user.name.compare(name, Qt::CaseInsensitive) == 0; });
}

} // namespace

UserFile::UserFile(const QString &stateFolder)
    : m_file(stateFolder + u"/users.json"_s)
{
}

Result<QList<UserFile::User>> UserFile::read() const
{
    QList<User> users;
    if (!QFileInfo::exists(m_file))
        return users;
    if (QFileInfo(m_file).permissions() & kReadableByOthers) {
        return Error(ErrorCode::PermissionDenied, u"others can read the file of users %1"_s.arg(m_file))
            .withRemedy(u"Run: chmod 600 %1"_s.arg(m_file));
    }
    const Result<QByteArray> bytes = readBounded(m_file, kLargestUserFile);
    if (!bytes)
        return bytes.error();
    const QJsonDocument document = QJsonDocument::fromJson(*bytes);
    const QJsonArray rows = document.object().value("users"_L1).toArray();
    bool isGood = document.object().value("users"_L1).isArray();
    for (const QJsonValue &row : rows) {
        const std::optional<User> user = userOf(row.toObject());
        isGood = isGood && user;
        users.append(user.value_or(User()));
    }
    if (!isGood) {
        return Error(ErrorCode::StoreCorrupt, u"the file of users %1 is damaged"_s.arg(m_file))
            .withRemedy(u"Restore it from a backup, or remove it and add the users again."_s);
    }
    return users;
}

Result<void> UserFile::change(const Change &change) const
{
    if (const Result<void> made = makePrivateFolder(QFileInfo(m_file).absolutePath()); !made)
        return made;
    QLockFile lock(m_file + u".lock"_s);
    if (!lock.tryLock(int(std::chrono::milliseconds(kLockPatience).count())))
        return Error(ErrorCode::LockBusy, u"the file of users %1 is being changed by another program"_s.arg(m_file));
    Result<QList<User>> users = read();
    if (!users)
        return users.error();
    if (const Result<void> changed = change(users.value()); !changed)
        return changed;
    QJsonArray rows;
    for (const User &user : std::as_const(users.value()))
        rows.append(jsonOf(user));
    const Result<void> written = writeDurably(m_file, QJsonDocument(QJsonObject{{"users"_L1, rows}}).toJson());
    giveToOwnerOfFolder(m_file);
    return written;
}

Result<void> UserFile::changeUser(const QString &name, const std::function<void(User &user)> &changeIt) const
{
    return change([&](QList<User> &users) -> Result<void> {
        const auto found = findUser(users, name);
        if (found == users.end())
            return Error(ErrorCode::NotFound, u"%1 has no user \"%2\""_s.arg(m_file, name));
        changeIt(*found);
        return {};
    });
}

Result<void> UserFile::add(const User &user)
{
    if (user.name.trimmed() != user.name || user.name.isEmpty() || user.name.size() > 256 || user.subject.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"\"%1\" is no name of a user"_s.arg(user.name.left(64)));
    if (hasUnseen(user.name) || hasUnseen(user.subject) || hasUnseen(user.scopes.join(u' ')))
        return Error(ErrorCode::InvalidArgument, u"names, subjects and scopes have no control characters"_s);
    return change([&user](QList<User> &users) -> Result<void> {
        if (findUser(users, user.name) != users.end())
            return Error(ErrorCode::InvalidArgument, u"there is a user \"%1\" already"_s.arg(user.name));
        users.append(user);
        return {};
    });
}

Result<void> UserFile::setPassword(const QString &name, const QString &hash, WallTime at)
{
    return changeUser(name, [&](User &user) {
        user.passwordHash = hash;
        user.passwordChanged = at;
    });
}

Result<void> UserFile::setLocked(const QString &name, bool isLocked)
{
    return changeUser(name, [isLocked](User &user) { user.isLocked = isLocked; });
}

Result<void> UserFile::remove(const QString &name)
{
    return change([&](QList<User> &users) -> Result<void> {
        const auto found = findUser(users, name);
        if (found == users.end())
            return Error(ErrorCode::NotFound, u"%1 has no user \"%2\""_s.arg(m_file, name));
        users.erase(found);
        return {};
    });
}

} // namespace Watchword::Gateway
