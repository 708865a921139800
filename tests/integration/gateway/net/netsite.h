// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/listener.h"
#include "tlspeer.h"

#include <QTemporaryDir>

#include <functional>
#include <mutex>

/*!
    A pool and a listener whose connections begin with a head, everything up to an empty line ("\n\n"), and then echo each
    byte. A head is answered by "hello <peer> <proxy>\n"; a head of "bye\n\n" by a close, "pause\n\n" stops reading until
    resumeAll(), "flood <bytes>\n\n" gets so many bytes.
*/
class NetSite
{
public:
    using Options = Watchword::Gateway::Net::ListenerOptions;

    explicit NetSite(unsigned threads = 1);
    ~NetSite();

    //! \a isPlain is without TLS.
    bool start(const Options &options = defaults(), bool isPlain = false);
    //! The same over TLS with another protocol.
    bool startWith(const Options &options, Watchword::Gateway::Net::Listener::HandlerFactory factory);
    static Options defaults();
    std::uint16_t port() const { return m_listener->address().port; }
    std::string authority() const { return path("ca.pem"); }
    std::string path(const char *name) const;
    //! A TLS context of the files \a name .pem and .key, with the keys for tickets that the site keeps.
    std::shared_ptr<const Watchword::Gateway::Net::TlsContext> context(const std::string &name, bool tls13Only = false);
    Watchword::Gateway::Net::Listener &listener() { return *m_listener; }
    Watchword::Gateway::Net::ReactorPool &pool() { return m_pool; }
    std::uint64_t count(Watchword::Gateway::Net::Counter Watchword::Gateway::Net::StreamCounters::*counter) const
    {
        return m_pool.sum(counter);
    }
    void resumeAll();
    //! Why streams ended, in their order.
    std::vector<Watchword::Gateway::Net::StreamEnd> ends() const;
    void stop();

private:
    friend class EchoHead;
    void note(Watchword::Gateway::Net::StreamEnd end);

    QTemporaryDir m_folder;
    std::shared_ptr<Watchword::Gateway::Net::TicketKeys> m_ticketKeys;
    mutable std::mutex m_mutex;
    std::vector<Watchword::Gateway::Net::StreamEnd> m_ends;
    Watchword::Gateway::Net::ReactorPool m_pool;
    std::unique_ptr<Watchword::Gateway::Net::Listener> m_listener;
};

//! PSS of this process in KiB, which other processes cannot blur.
std::size_t proportionalKilobytes();
//! What the process used of the processor so far.
std::chrono::microseconds processorTime();
