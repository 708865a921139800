// SPDX-License-Identifier: Apache-2.0
#include "config/configchanges.h"

#include <sstream>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestShown = 200;

QString written(const toml::node &node)
{
    std::ostringstream text;
    node.visit([&text](const auto &value) { text << value; });
    return QString::fromStdString(text.str()).simplified();
}

// By what a table of an array is known; its place says nothing when another one is put before it.
QString nameOf(const toml::table &table, std::size_t place)
{
    for (const char *key : {"path", "url", "id", "name", "pattern"}) {
        if (const auto name = table[key].value<std::string>())
            return QString::fromStdString(*name);
    }
    return QString::number(place + 1);
}

bool isTableArray(const toml::node &node)
{
    const toml::array *array = node.as_array();
    return array && !array->empty() && array->is_homogeneous(toml::node_type::table);
}

void flatten(const toml::table &table, const QString &path, QMap<QString, QString> *settings)
{
    for (const auto &[key, node] : table) {
        const QString name = QString::fromUtf8(key.data(), qsizetype(key.length()));
        const QString joiner = path.endsWith(u']') || path.contains(u' ') ? u" "_s : u"."_s;
        const bool isInside = !path.isEmpty();
        if (const toml::table *inner = node.as_table()) {
            flatten(*inner, isInside ? path + joiner + name : u'[' + name + u']', settings);
        } else if (isTableArray(node)) {
            const toml::array &array = *node.as_array();
            for (std::size_t i = 0; i < array.size(); ++i) {
                const toml::table &entry = *array[i].as_table();
                const QString whole = isInside ? path + joiner + name : u"[["_s + name + u"]]"_s;
                flatten(entry, whole + u' ' + nameOf(entry, i), settings);
            }
        } else {
            settings->insert(isInside ? path + joiner + name : name, written(node));
        }
    }
}

// A hash of a password is nothing for a log.
QString shown(const QString &path, const QString &value)
{
    if (path.endsWith("password_hash"_L1))
        return u"another one"_s;
    return value.size() > kLongestShown ? value.left(kLongestShown) + u"..."_s : value;
}

} // namespace

QMap<QString, QString> writtenSettings(const toml::table &root)
{
    QMap<QString, QString> settings;
    flatten(root, {}, &settings);
    return settings;
}

QString toldOfReload(const QString &what, const QStringList &lines)
{
    constexpr qsizetype kMostTold = 30;
    const QString more = lines.size() > kMostTold ? u"; and %1 more"_s.arg(lines.size() - kMostTold) : QString();
    return lines.isEmpty() ? what : what + u' ' + lines.mid(0, kMostTold).join(u"; "_s) + more;
}

QStringList changedSettings(const QMap<QString, QString> &before, const QMap<QString, QString> &now)
{
    QStringList lines;
    for (auto it = before.cbegin(); it != before.cend(); ++it) {
        if (!now.contains(it.key()))
            lines.append(u"%1: %2, now as without it"_s.arg(it.key(), shown(it.key(), it.value())));
        else if (now.value(it.key()) != it.value())
            lines.append(u"%1: %2, now %3"_s.arg(it.key(), shown(it.key(), it.value()), shown(it.key(), now.value(it.key()))));
    }
    for (auto it = now.cbegin(); it != now.cend(); ++it) {
        if (!before.contains(it.key()))
            lines.append(u"%1: now %2"_s.arg(it.key(), shown(it.key(), it.value())));
    }
    lines.sort();
    return lines;
}

} // namespace Watchword::Gateway
