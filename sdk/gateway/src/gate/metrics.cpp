// SPDX-License-Identifier: Apache-2.0
#include "gate/metrics.h"

#include <algorithm>

namespace Watchword::Gateway {

namespace {

void header(QByteArray &out, const char *name, const char *type, const char *help)
{
    out += QByteArray("# HELP watchword_") + name + ' ' + help + "\n# TYPE watchword_" + name + ' ' + type + '\n';
}

void single(QByteArray &out, const char *name, const char *type, const char *help, quint64 value)
{
    header(out, name, type, help);
    out += QByteArray("watchword_") + name + ' ' + QByteArray::number(value) + '\n';
}

QByteArray labelOf(int value)
{
    return QByteArray::number(value);
}

QByteArray labelOf(const QByteArray &value)
{
    return value;
}

template <typename Key>
void labelled(QByteArray &out, const char *name, const char *help, const char *label, const QMap<Key, quint64> &values)
{
    header(out, name, "counter", help);
    for (auto it = values.cbegin(); it != values.cend(); ++it) {
        out += QByteArray("watchword_") + name + '{' + label + "=\"" + labelOf(it.key()) + "\"} " + QByteArray::number(it.value())
            + '\n';
    }
}

void ofServers(QByteArray &out, const char *name, const char *help, const QMap<QByteArray, QMap<QByteArray, quint64>> &servers)
{
    header(out, name, "counter", help);
    for (auto server = servers.cbegin(); server != servers.cend(); ++server) {
        for (auto it = server->cbegin(); it != server->cend(); ++it) {
            out += QByteArray("watchword_") + name + "{server=\"" + server.key() + "\",limit=\"" + it.key() + "\"} "
                + QByteArray::number(it.value()) + '\n';
        }
    }
}

void histogram(QByteArray &out, const char *name, const char *help, const Histogram &values)
{
    header(out, name, "histogram", help);
    const QByteArray full = QByteArray("watchword_") + name;
    const auto line = [&out, &full](const QByteArray &bound, quint64 count) {
        out += full + "_bucket{le=\"" + bound + "\"} " + QByteArray::number(count) + '\n';
    };
    quint64 count = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
        count += values.counts[i];
        line(QByteArray::number(Histogram::kBounds[i] / 1000.0), count);
    }
    count += values.counts.back();
    line("+Inf", count);
    out += full + "_sum " + QByteArray::number(double(values.sum) / 1000) + '\n';
    out += full + "_count " + QByteArray::number(count) + '\n';
}

} // namespace

void Histogram::observe(Duration time)
{
    const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), time.count());
    ++counts[std::size_t(bucket - kBounds.begin())];
    sum += time.count();
}

QByteArray Metrics::toPrometheus() const
{
    QByteArray out;
    single(out, "sockets_accepted_total", "counter", "Accepted TCP connections.", accepted);
    labelled(out, "sockets_dropped_total", "TCP connections closed unseen, by the limit they were over.", "limit", dropped);
    ofServers(out, "server_sockets_dropped_total", "TCP connections that the issuer and the API closed unseen, by limit.",
              serversDropped);
    labelled(out, "sockets_cut_total", "TCP connections cut later, by the bound they broke.", "bound", cut);
    labelled(out, "clients_slowed_total", "Times that a client was not read for a while, by the rate it was over.", "limit",
             slowed);
    single(out, "tls_failed_total", "counter", "TLS handshakes that failed.", tlsFailed);
    single(out, "tls_resumed_total", "counter", "TLS handshakes that resumed a session.", tlsResumed);
    single(out, "connections_opened_total", "counter", "WebSocket connections that were accepted.", opened);
    single(out, "renewals_total", "counter", "Tokens renewed on a live connection.", renewed);
    single(out, "renewals_failed_total", "counter", "Renewals that were refused.", renewalsFailed);
    single(out, "messages_received_total", "counter", "Messages from clients.", messagesIn);
    single(out, "messages_sent_total", "counter", "Messages to clients.", messagesOut);
    single(out, "received_bytes_total", "counter", "Payload bytes from clients.", bytesIn);
    single(out, "sent_bytes_total", "counter", "Payload bytes to clients.", bytesOut);
    labelled(out, "upgrades_refused_total", "Refused upgrades by HTTP status.", "status", refused);
    labelled(out, "connections_closed_total", "Ended connections by close code.", "code", closed);
    labelled(out, "room_questions_total", "Questions to the webhooks of rooms, by what came of them.", "answer", roomQuestions);
    histogram(out, "revocation_seconds", "From a revocation, lock or logout to the end of each connection that it concerned.",
              ended);
    histogram(out, "canary_seconds", "From the revocation of the gateway's own session to its close frame.", canary);
    single(out, "canary_failed_total", "counter", "Rounds of the canary in which it was not cut, or not let in.", canaryFailed);
    single(out, "locks", "gauge", "Who is kept out: locks and ended sessions.", quint64(locks));
    single(out, "sockets", "gauge", "Open TCP connections.", quint64(sockets));
    single(out, "handshakes", "gauge", "Connections that are not accepted yet.", quint64(handshakes));
    single(out, "connections", "gauge", "Open WebSocket connections.", quint64(connections));
    single(out, "http_requests_total", "counter", "Plain HTTP requests that were passed to upstreams.", httpRequests);
    single(out, "upstream_sockets_opened_total", "counter", "TCP connections to upstreams that were established.",
           upstreamsOpened);
    single(out, "upstream_sockets", "gauge", "Open TCP connections to upstreams.", quint64(upstreams));
    single(out, "resident_bytes", "gauge", "Memory of the process.", memory);
    return out;
}

} // namespace Watchword::Gateway
