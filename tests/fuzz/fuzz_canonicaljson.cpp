// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/canonicaljson.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray(reinterpret_cast<const char *>(data), qsizetype(size)));
    if (document.isNull())
        return 0;
    const QJsonValue value = document.isArray() ? QJsonValue(document.array()) : QJsonValue(document.object());
    const QByteArray text = toCanonicalJson(value);
    // It is JSON, and canonical form is a fixed point: whoever reads it and writes it again hashes the same
    // bytes.
    QJsonParseError error;
    const QJsonDocument again = QJsonDocument::fromJson(text, &error);
    require(error.error == QJsonParseError::NoError);
    require(toCanonicalJson(again.isArray() ? QJsonValue(again.array()) : QJsonValue(again.object())) == text);
    require(!text.contains('\n'));
    return 0;
}
