// SPDX-License-Identifier: Apache-2.0
#include "config/tablereader.h"

#include "config/configvalues.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>
#include <iterator>
#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

QString toQString(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

} // namespace

ConfigErrors::ConfigErrors(QString fileName)
    : m_fileName(std::move(fileName))
{
}

void ConfigErrors::add(const toml::source_region &where, const QString &text)
{
    m_mistakes.insert({where.begin.line, where.begin.column},
                      u"%1:%2:%3: %4"_s.arg(m_fileName).arg(where.begin.line).arg(where.begin.column).arg(text));
}

QString ConfigErrors::toText() const
{
    QStringList lines;
    // A QMultiMap gives what came last first; the sentences about one place stay in the order in which they were found.
    const auto places = m_mistakes.uniqueKeys();
    for (const auto &place : places) {
        const QStringList here = m_mistakes.values(place);
        std::copy(here.rbegin(), here.rend(), std::back_inserter(lines));
    }
    return lines.join(u'\n');
}

TableReader::TableReader(const toml::table &table, QString name, ConfigErrors &errors)
    : m_table(&table)
    , m_name(std::move(name))
    , m_errors(&errors)
{
}

const toml::node *TableReader::find(const char *key)
{
    m_known.append(QString::fromLatin1(key));
    m_errors->addSetting(m_name, m_known.constLast());
    return m_table->get(key);
}

void TableReader::expect(const char *key, const toml::node &node, const char *kind, const char *example)
{
    m_errors->add(node.source(),
                  u"%1 of %2 must be %3, for example %1 = %4"_s.arg(QString::fromLatin1(key), m_name, QString::fromLatin1(kind),
                                                                    QString::fromLatin1(example)));
}

bool TableReader::has(const char *key)
{
    return find(key) != nullptr;
}

QStringList TableReader::keys() const
{
    QStringList names;
    for (const auto &[key, value] : *m_table)
        names.append(toQString(key.str()));
    return names;
}

QString TableReader::text(const char *key, const QString &fallback)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    if (const auto *value = node->as_string())
        return toQString(value->get());
    expect(key, *node, "a string", "\"text\"");
    return fallback;
}

QString TableReader::requiredText(const char *key)
{
    const QString value = text(key);
    if (value.isEmpty() && (!m_table->contains(key) || m_table->get(key)->is_string()))
        fail(key, u"%1 needs %2 = \"...\""_s.arg(m_name, QString::fromLatin1(key)));
    return value;
}

QString TableReader::file(const char *key, const QString &fallback)
{
    const QString name = text(key, fallback);
    if (name.startsWith("credential:"_L1)) {
        // LoadCredential= of a unit (systemd.exec, "Credentials").
        const QString folder = qEnvironmentVariable("CREDENTIALS_DIRECTORY");
        const QString credential = name.sliced(11);
        if (folder.isEmpty() || credential.isEmpty() || credential.contains(u'/')) {
            fail(key,
                 u"\"%1\" must be a credential that the service has: write LoadCredential=%2:FILE into its unit, and "
                 "CREDENTIALS_DIRECTORY for a start by hand"_s.arg(name, credential));
            return {};
        }
        return folder + u'/' + credential;
    }
    if (name.isEmpty() || QDir::isAbsolutePath(name))
        return name;
    return QDir::cleanPath(QFileInfo(m_errors->fileName()).absoluteDir().filePath(name));
}

QString TableReader::requiredFile(const char *key)
{
    if (requiredText(key).isEmpty())
        return {};
    return file(key);
}

QStringList TableReader::texts(const char *key, const QStringList &fallback)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    if (const auto *value = node->as_string())
        return {toQString(value->get())};
    const toml::array *array = node->as_array();
    if (!array) {
        expect(key, *node, "an array of strings", "[\"one\", \"two\"]");
        return fallback;
    }
    QStringList list;
    for (const toml::node &entry : *array) {
        if (const auto *value = entry.as_string())
            list.append(toQString(value->get()));
        else
            expect(key, entry, "an array of strings", "[\"one\", \"two\"]");
    }
    return list;
}

QStringList TableReader::origins(const char *key)
{
    QStringList list;
    const QStringList written = texts(key);
    for (const QString &text : written) {
        const QString origin = normalizedOrigin(text);
        if (origin.isEmpty())
            fail(key, u"\"%1\" is no Origin; write scheme and host only, as in \"https://app.example.com\""_s.arg(text));
        else
            list.append(origin);
    }
    return list;
}

bool TableReader::boolean(const char *key, bool fallback)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    if (const auto *value = node->as_boolean())
        return value->get();
    expect(key, *node, "true or false", "true");
    return fallback;
}

int TableReader::integer(const char *key, int fallback, int least, int most)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    if (const auto *value = node->as_integer()) {
        if (value->get() >= least && value->get() <= most)
            return int(value->get());
    }
    m_errors->add(node->source(),
                  u"%1 of %2 must be a whole number from %3 to %4"_s.arg(QString::fromLatin1(key), m_name).arg(least).arg(most));
    return fallback;
}

qint64 TableReader::size(const char *key, qint64 fallback)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    std::optional<qint64> bytes;
    if (const auto *number = node->as_integer())
        bytes = number->get() >= 0 ? std::optional<qint64>(number->get()) : std::nullopt;
    else if (const auto *value = node->as_string())
        bytes = parseSize(toQString(value->get()));
    if (!bytes)
        expect(key, *node, "a size", "\"64 KiB\"");
    return bytes.value_or(fallback);
}

Duration TableReader::duration(const char *key, Duration fallback)
{
    const toml::node *node = find(key);
    if (!node)
        return fallback;
    std::optional<Duration> time;
    if (const auto *number = node->as_integer())
        time = parseDuration(QString::number(number->get()));
    else if (const auto *value = node->as_string())
        time = parseDuration(toQString(value->get()));
    if (!time)
        expect(key, *node, "a time", "\"10 s\"");
    return time.value_or(fallback);
}

QUrl TableReader::url(const char *key, const QStringList &schemes)
{
    return checkedUrl(key, text(key), schemes);
}

QList<QUrl> TableReader::urls(const char *key, const QStringList &schemes)
{
    QList<QUrl> list;
    const QStringList written = texts(key);
    for (const QString &entry : written) {
        if (const QUrl url = checkedUrl(key, entry, schemes); url.isValid())
            list.append(url);
    }
    return list;
}

QUrl TableReader::checkedUrl(const char *key, const QString &written, const QStringList &schemes)
{
    if (written.isEmpty())
        return {};
    const QUrl url(written, QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || !schemes.contains(url.scheme()) || !url.userInfo().isEmpty()) {
        fail(key,
             u"%1 of %2 must be a URL that starts with %3"_s.arg(QString::fromLatin1(key), m_name,
                                                                 schemes.join(u":// or "_s) + u"://"_s));
        return {};
    }
    return url;
}

std::optional<TableReader> TableReader::table(const char *key)
{
    const toml::node *node = find(key);
    if (!node)
        return {};
    if (const toml::table *table = node->as_table()) {
        const QString name =
            m_name.isEmpty() ? u"[%1]"_s.arg(QString::fromLatin1(key)) : u"%1 of %2"_s.arg(QString::fromLatin1(key), m_name);
        return TableReader(*table, name, *m_errors);
    }
    m_errors->add(node->source(), u"%1 must be a table, written [%1] or %1 = { ... }"_s.arg(QString::fromLatin1(key)));
    return {};
}

std::vector<TableReader> TableReader::tables(const char *key)
{
    std::vector<TableReader> list;
    const toml::node *node = find(key);
    if (!node)
        return list;
    const toml::array *array = node->as_array();
    if (!array) {
        m_errors->add(node->source(), u"write [[%1]] with double brackets: there may be several"_s.arg(QString::fromLatin1(key)));
        return list;
    }
    for (const toml::node &entry : *array) {
        if (const toml::table *table = entry.as_table())
            list.emplace_back(*table, u"[[%1]]"_s.arg(QString::fromLatin1(key)), *m_errors);
        else
            m_errors->add(entry.source(), u"every [[%1]] must be a table"_s.arg(QString::fromLatin1(key)));
    }
    return list;
}

void TableReader::fail(const char *key, const QString &text)
{
    const toml::node *node = m_table->get(key);
    m_errors->add(node ? node->source() : m_table->source(), text);
}

void TableReader::finish()
{
    for (const auto &[key, value] : *m_table) {
        const QString name = toQString(key.str());
        if (m_known.contains(name))
            continue;
        const QString meant = closestWord(name, m_known);
        QString text = m_name.isEmpty() ? u"\"%1\" is not known"_s.arg(name) : u"\"%1\" is not known in %2"_s.arg(name, m_name);
        text += meant.isEmpty() ? u"; remove it"_s : u"; did you mean \"%1\"?"_s.arg(meant);
        m_errors->add(key.source(), text);
    }
}

} // namespace Watchword::Gateway
