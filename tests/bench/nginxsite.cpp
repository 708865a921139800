// SPDX-License-Identifier: Apache-2.0
#include "nginxsite.h"

#include "support/await.h"

#include <QFile>
#include <QHostAddress>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTcpSocket>

#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

quint16 freePortForNginx()
{
    QTcpServer probe;
    return probe.listen(QHostAddress::LocalHost) ? probe.serverPort() : 0;
}

bool accepts(quint16 port)
{
    QTcpSocket probe;
    probe.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
    return probe.waitForConnected(200);
}

// %1 folder, %2 port, %3 upstream's port, %4 verifier's port
constexpr auto kConfiguration = R"(daemon off;
master_process off;
pid "%1/nginx.pid";
error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log "%1/access.log";
  client_body_temp_path "%1/body"; proxy_temp_path "%1/proxy"; fastcgi_temp_path "%1/fastcgi";
  uwsgi_temp_path "%1/uwsgi"; scgi_temp_path "%1/scgi";
  upstream verifier { server 127.0.0.1:%4; keepalive 16; }
  server {
    listen 127.0.0.1:%2 ssl backlog=1024;
    ssl_certificate "%1/server.pem";
    ssl_certificate_key "%1/server.key";
    ssl_protocols TLSv1.3;
    proxy_http_version 1.1;
    proxy_read_timeout 1h;
    location / {
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_pass http://127.0.0.1:%3;
    }
    location /verified {
      auth_request /verify;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_pass http://127.0.0.1:%3;
    }
    location = /verify {
      internal;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_pass http://verifier;
    }
  }
}
)";

} // namespace

bool NginxSite::start(const GatewaySite &site, quint16 upstream)
{
    const QString program = QStandardPaths::findExecutable(u"nginx"_s, {u"/usr/sbin"_s, u"/usr/local/sbin"_s});
    const QString peers = Support::peersFolder();
    if (program.isEmpty() || peers.isEmpty()) {
        std::fprintf(stderr, "this row needs nginx and the packages of tests/peers; ./dev bench installs them\n");
        return false;
    }
    m_verifier = std::make_unique<Support::ReadyProcess>();
    const auto verifier =
        m_verifier->start(u"node"_s, {peers + u"/jwt-verifier.mjs"_s, site.issuerUrl(), site.audience()}, u"READY "_s);
    m_port = freePortForNginx();
    if (!verifier || m_port == 0 || !writeConfiguration(site, upstream, *verifier))
        return false;
    m_nginx = std::make_unique<Support::ReadyProcess>();
    m_nginx->process().start(program, {u"-p"_s, site.file(QString()), u"-c"_s, site.file(u"nginx.conf"_s), u"-e"_s, u"stderr"_s});
    const bool isUp = Support::waitUntil([this] { return accepts(m_port); });
    if (!isUp)
        std::fprintf(stderr, "nginx does not start\n");
    return isUp;
}

bool NginxSite::writeConfiguration(const GatewaySite &site, quint16 upstream, const QString &verifier) const
{
    QFile file(site.file(u"nginx.conf"_s));
    const QString text = QString::fromLatin1(kConfiguration)
                             .arg(site.file(QString()), QString::number(m_port), QString::number(upstream), verifier);
    return file.open(QIODevice::WriteOnly) && file.write(text.toUtf8()) > 0;
}

} // namespace Bench
