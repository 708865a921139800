// SPDX-License-Identifier: Apache-2.0
#include "netsite.h"

#include "support/process.h"

#include <QFile>

#include <ctime>

using namespace Watchword::Gateway::Net;

namespace {

std::span<const std::uint8_t> bytesOf(const std::string &text)
{
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

std::string readAll(const std::string &path)
{
    QFile file(QString::fromStdString(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
}

} // namespace

class EchoHandler : public StreamHandler
{
public:
    explicit EchoHandler(std::function<void(StreamEnd)> note)
        : m_note(std::move(note))
    {
    }

    std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) override
    {
        stream.write(bytes);
        if (stream.isAboveHigh())
            stream.setReadPaused(true);
        return bytes.size();
    }
    void drained(Stream &stream) override { stream.setReadPaused(false); }
    void ended(Stream &, StreamEnd end) override { m_note(end); }

private:
    std::function<void(StreamEnd)> m_note;
};

class EchoHead : public StreamHandler
{
public:
    EchoHead(NetSite &site, const Accepted &accepted)
        : m_site(site)
        , m_accepted(accepted)
    {
    }

    std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) override
    {
        const std::size_t before = m_head.size();
        m_head.append(bytes.begin(), bytes.end());
        const std::size_t end = m_head.find("\n\n");
        if (end == std::string::npos)
            return bytes.size();
        const std::size_t used = end + 2 - before;
        m_head.resize(end);
        answer(stream);
        return used;
    }
    void ended(Stream &, StreamEnd end) override { m_site.note(end); }

private:
    void answer(Stream &stream)
    {
        stream.handshakeDone();
        stream.clearDeadline();
        const std::string text = "hello " + m_accepted.peer.toText() + ' ' + m_accepted.proxy.toText() + '\n';
        stream.write(bytesOf(text));
        if (m_head == "bye") {
            stream.close();
            return;
        }
        if (m_head == "pause")
            stream.setReadPaused(true);
        if (m_head.starts_with("flood "))
            stream.write(bytesOf(std::string(std::stoul(m_head.substr(6)), 'f')));
        if (stream.isOpen())
            stream.setHandler(std::make_unique<EchoHandler>([&site = m_site](StreamEnd end) { site.note(end); }));
    }

    NetSite &m_site;
    const Accepted m_accepted;
    std::string m_head;
};

NetSite::NetSite(unsigned threads)
    : m_ticketKeys(std::make_shared<TicketKeys>())
    , m_pool(threads)
{
    m_pool.start();
}

NetSite::~NetSite()
{
    stop();
}

void NetSite::stop()
{
    if (m_listener)
        m_listener->close();
    m_pool.stop();
}

NetSite::Options NetSite::defaults()
{
    Options options;
    options.address = {boost::asio::ip::make_address("127.0.0.1"), 0};
    return options;
}

bool NetSite::start(const Options &options, bool isPlain)
{
    const auto factory = [this](Reactor &, const Accepted &accepted) { return std::make_unique<EchoHead>(*this, accepted); };
    if (!isPlain)
        return startWith(options, factory);
    m_listener = std::make_unique<Listener>(m_pool, options, factory);
    return !m_listener->open({});
}

bool NetSite::startWith(const Options &options, Listener::HandlerFactory factory)
{
    if (!Support::makeCertificates(m_folder.path()))
        return false;
    const std::shared_ptr<const TlsContext> tls = context("server");
    m_listener = std::make_unique<Listener>(m_pool, options, std::move(factory));
    return tls && !m_listener->open(tls);
}

std::string NetSite::path(const char *name) const
{
    return m_folder.filePath(QLatin1StringView(name)).toStdString();
}

std::shared_ptr<const TlsContext> NetSite::context(const std::string &name, bool tls13Only)
{
    TlsOptions options;
    options.certificatePem = readAll(path((name + ".pem").c_str()));
    options.keyPem = readAll(path((name + ".key").c_str()));
    options.tls13Only = tls13Only;
    options.ticketKeys = m_ticketKeys;
    std::string problem;
    std::shared_ptr<const TlsContext> made = TlsContext::create(options, problem);
    if (!made)
        qWarning("%s", problem.c_str());
    return made;
}

void NetSite::resumeAll()
{
    for (std::size_t i = 0; i < m_pool.size(); ++i) {
        Reactor &reactor = m_pool.at(i);
        reactor.post([&reactor] { reactor.forEachStream([](Stream &stream) { stream.setReadPaused(false); }); });
    }
}

void NetSite::note(StreamEnd end)
{
    const std::lock_guard lock(m_mutex);
    m_ends.push_back(end);
}

std::vector<StreamEnd> NetSite::ends() const
{
    const std::lock_guard lock(m_mutex);
    return m_ends;
}

std::size_t proportionalKilobytes()
{
    QFile file(QStringLiteral("/proc/self/smaps_rollup"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = file.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith("Pss:"))
            return line.mid(4).trimmed().split(' ').first().toULongLong();
    }
    return 0;
}

std::chrono::microseconds processorTime()
{
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::microseconds(used.tv_nsec / 1000);
}
