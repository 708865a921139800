// SPDX-License-Identifier: Apache-2.0
#include "qmlclientoptions.h"

#include <QJSEngine>
#include <QPointer>
#include <QQmlFile>
#include <QQmlInfo>
#include <QSslCertificate>

static_assert(int(QmlClientOptions::Storage::MemoryOnly) == int(Watchword::StoragePolicy::MemoryOnly));
static_assert(int(QmlClientOptions::Route::Device) == int(Watchword::SignInRoute::Device));
static_assert(int(QmlClientOptions::PushedAuthorization::Always) == int(Watchword::PushedAuthorization::Always));
static_assert(int(QmlClientOptions::TokenBinding::Required) == int(Watchword::TokenBinding::Required));

using namespace Qt::StringLiterals;
using Watchword::Error;
using Watchword::ErrorCode;
using Watchword::Result;
using Watchword::Secret;

void QmlClientOptions::setOpenBrowser(const QJSValue &function)
{
    if (m_openBrowser.strictlyEquals(function) || !mayChange("openBrowser"))
        return;
    m_openBrowser = function;
    changed();
}

void QmlClientOptions::setRedirectPorts(const QList<int> &ports)
{
    QList<quint16> valid;
    for (const int port : ports) {
        if (port < 1 || port > 65535)
            qmlWarning(this) << "redirectPorts: " << port << " is not a port";
        else
            valid += quint16(port);
    }
    assign(m_options.redirectPorts, valid, "redirectPorts");
}

QVariantMap QmlClientOptions::extraParameters() const
{
    QVariantMap map;
    for (const auto &[name, value] : m_options.extraParameters)
        map.insert(name, value);
    return map;
}

void QmlClientOptions::setExtraParameters(const QVariantMap &parameters)
{
    QList<std::pair<QString, QString>> list;
    for (auto it = parameters.cbegin(); it != parameters.cend(); ++it)
        list.emplaceBack(it.key(), it.value().toString());
    assign(m_options.extraParameters, list, "extraParameters");
}

QList<QSslCertificate> QmlClientOptions::readAuthorities(const QUrl &file)
{
    if (file.isEmpty())
        return {};
    const QString path = QQmlFile::urlToLocalFileOrQrc(file);
    const QList<QSslCertificate> certificates = QSslCertificate::fromPath(path);
    if (certificates.isEmpty())
        qmlWarning(this) << "there is no certificate in " << path;
    return certificates;
}

Watchword::ClientOptions QmlClientOptions::readOptions()
{
    m_options.certificateAuthorities = readAuthorities(m_only);
    m_options.additionalCertificateAuthorities = readAuthorities(m_additional);
    m_options.openBrowser = nullptr;
    if (m_openBrowser.isCallable()) {
        m_options.openBrowser = [self = QPointer(this)](const QUrl &url) {
            if (!self)
                return false;
            QJSEngine *engine = qjsEngine(self);
            const QJSValue shown = self->m_openBrowser.call({engine ? engine->toScriptValue(url) : QJSValue(url.toString())});
            if (shown.isError())
                qmlWarning(self) << "openBrowser: " << shown.toString();
            return shown.isBool() && shown.toBool();
        };
    }
    m_options.askPassphrase = [self = QPointer(this)](const Watchword::PassphraseQuestion &question) {
        auto promise = std::make_shared<QPromise<Result<Secret>>>();
        promise->start();
        const QFuture<Result<Secret>> future = promise->future();
        if (self) {
            self->answer(Error(ErrorCode::Cancelled));
            self->m_passphrase = promise;
            Q_EMIT self->passphraseNeeded(question.isNew, question.wasWrong);
        } else {
            promise->addResult(Error(ErrorCode::Cancelled));
            promise->finish();
        }
        return future;
    };
    return m_options;
}

void QmlClientOptions::answer(const Result<Secret> &passphrase)
{
    if (const auto promise = std::exchange(m_passphrase, nullptr)) {
        promise->addResult(passphrase);
        promise->finish();
    }
}

void QmlClientOptions::answerPassphrase(const QString &passphrase)
{
    answer(Secret::take(passphrase.toUtf8()));
}

void QmlClientOptions::refusePassphrase()
{
    answer(Error(ErrorCode::Cancelled, u"the person gave no passphrase"_s));
}
