// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <QMap>
#include <QSet>
#include <QString>
#include <QStringList>
#include <QUrl>

#include <optional>
#include <vector>

namespace Watchword::Gateway {

//! Collects what is wrong with one file, as "file:line:column: text" in the order of the file, and which settings were asked for.
class ConfigErrors
{
public:
    explicit ConfigErrors(QString fileName);
    void add(const toml::source_region &where, const QString &text);
    bool isEmpty() const { return m_mistakes.isEmpty(); }
    QString toText() const;
    QString fileName() const { return m_fileName; }

    void addSetting(const QString &table, const QString &key) { m_settings.insert({table, key}); }
    const QSet<std::pair<QString, QString>> &settings() const { return m_settings; }

private:
    QString m_fileName;
    QMultiMap<std::pair<quint32, quint32>, QString> m_mistakes; // by line and column
    QSet<std::pair<QString, QString>> m_settings; // table and key
};

/*!
    Reads the keys of one TOML table, and remembers which were asked for: finish() then reports all others. A value of
    the wrong kind is reported where it stands, and the fallback is returned so that reading goes on.
*/
class TableReader
{
public:
    TableReader(const toml::table &table, QString name, ConfigErrors &errors);

    bool has(const char *key);
    QStringList keys() const; //!< All that are there, for tables whose keys are the operator's own.
    QString text(const char *key, const QString &fallback = {});
    QString requiredText(const char *key);
    QString file(const char *key, const QString &fallback = {}); //!< Relative names: from the file's folder.
    QString requiredFile(const char *key);
    QStringList texts(const char *key, const QStringList &fallback = {}); //!< An array, or one string.
    QStringList origins(const char *key);
    bool boolean(const char *key, bool fallback);
    int integer(const char *key, int fallback, int least, int most);
    qint64 size(const char *key, qint64 fallback);
    Duration duration(const char *key, Duration fallback);
    QUrl url(const char *key, const QStringList &schemes);
    QList<QUrl> urls(const char *key, const QStringList &schemes); //!< An array, or one.
    std::optional<TableReader> table(const char *key);
    std::vector<TableReader> tables(const char *key);

    void fail(const char *key, const QString &text); //!< At the value of \a key, or at the table.
    void finish();

private:
    const toml::node *find(const char *key);
    QUrl checkedUrl(const char *key, const QString &written, const QStringList &schemes);
    void expect(const char *key, const toml::node &node, const char *kind, const char *example);

    const toml::table *m_table;
    QString m_name;
    ConfigErrors *m_errors;
    QStringList m_known;
};

} // namespace Watchword::Gateway
