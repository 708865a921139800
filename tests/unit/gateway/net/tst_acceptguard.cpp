// SPDX-License-Identifier: Apache-2.0
#include "net/acceptguard.h"
#include "support/testmain.h"

#include <thread>

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;

namespace {

IpAddress ip(const char *text)
{
    return boost::asio::ip::make_address(text);
}

} // namespace

class TestAcceptGuard : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void limitsInTheirOrder();
    void handshakesOfOneAddress();
    void whoBringsManyClients();
    void ratePerAddress();
    void ipv6CountsByNetwork();
    void ticketsComeBackFromAnyThread();
    void memoryIsBounded();
};

void TestAcceptGuard::limitsInTheirOrder()
{
    AcceptGuard guard({.connections = 5, .handshakes = 3, .connectionsPerAddress = 2, .handshakesPerAddress = 2});
    IpAddress counted;
    const AcceptGuard::Instant now{};
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::AddressReached);
    QCOMPARE(guard.admit(ip("192.0.2.2"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.3"), now, counted), AcceptVerdict::HandshakesReached);
    guard.handshakeDone(ip("192.0.2.1"));
    guard.handshakeDone(ip("192.0.2.1"));
    QCOMPARE(guard.handshakes(), std::size_t(1));
    QCOMPARE(guard.admit(ip("192.0.2.3"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.3"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.4"), now, counted), AcceptVerdict::TotalReached);
    guard.gone(ip("192.0.2.1"));
    QCOMPARE(guard.connections(), std::size_t(4));
}

// The default of the gateway: one stranger leaves room for others, and an office that comes back has its own.
void TestAcceptGuard::handshakesOfOneAddress()
{
    AcceptGuard guard({.connections = 10'000, .handshakes = 1000, .handshakesPerAddress = 250});
    IpAddress counted;
    AcceptGuard::Instant now{};
    for (int i = 0; i < 250; ++i)
        QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    for (int i = 0; i < 2000; ++i)
        QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::AddressHandshakesReached);
    // 2,000 clients behind one address within ten seconds, whose handshakes take a second each.
    for (int i = 0; i < 2000; ++i, now += 5ms) {
        QCOMPARE(guard.admit(ip("198.51.100.1"), now, counted), AcceptVerdict::Admitted);
        if (i >= 200)
            guard.handshakeDone(ip("198.51.100.1"));
    }
    QCOMPARE(guard.handshakes(), std::size_t(450));
}

void TestAcceptGuard::whoBringsManyClients()
{
    AcceptGuard guard(
        {.connections = 30, .handshakes = 20, .connectionsPerAddress = 2, .handshakesPerAddress = 1, .acceptsPerSecond = 1});
    IpAddress counted;
    const AcceptGuard::Instant now{};
    for (int i = 0; i < 20; ++i)
        QCOMPARE(guard.admit(ip("10.0.0.1"), now, counted, true), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("10.0.0.1"), now, counted, true), AcceptVerdict::HandshakesReached); // what holds for all
    for (int i = 0; i < 20; ++i)
        guard.handshakeDone(ip("10.0.0.1"));
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::AddressHandshakesReached);
    QCOMPARE(guard.admit(ip("10.0.0.1"), now, counted, true), AcceptVerdict::Admitted);
}

void TestAcceptGuard::ratePerAddress()
{
    AcceptGuard guard({.acceptsPerSecond = 10});
    IpAddress counted;
    AcceptGuard::Instant now{};
    for (int i = 0; i < 20; ++i)
        QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::TooFast);
    QCOMPARE(guard.admit(ip("192.0.2.2"), now, counted), AcceptVerdict::Admitted);
    now += 100ms;
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(guard.admit(ip("192.0.2.1"), now, counted), AcceptVerdict::TooFast);
}

void TestAcceptGuard::ipv6CountsByNetwork()
{
    AcceptGuard guard({.connectionsPerAddress = 1});
    IpAddress counted;
    QCOMPARE(guard.admit(ip("2001:db8:1:2::1"), {}, counted), AcceptVerdict::Admitted);
    QCOMPARE(counted, ip("2001:db8:1:2::"));
    QCOMPARE(guard.admit(ip("2001:db8:1:2:ffff::9"), {}, counted), AcceptVerdict::AddressReached);
    QCOMPARE(guard.admit(ip("2001:db8:1:3::1"), {}, counted), AcceptVerdict::Admitted);
    QCOMPARE(normalised(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
}

void TestAcceptGuard::ticketsComeBackFromAnyThread()
{
    AcceptGuard guard({.handshakes = 0});
    const auto office = std::make_shared<TicketOffice>();
    std::vector<std::vector<Ticket>> tickets(4);
    for (int i = 0; i < 4000; ++i) {
        IpAddress counted;
        QCOMPARE(guard.admit(ip("192.0.2.1"), {}, counted), AcceptVerdict::Admitted);
        tickets[std::size_t(i % 4)].emplace_back(office, counted);
    }
    std::vector<std::thread> threads;
    for (std::vector<Ticket> &part : tickets) {
        threads.emplace_back([&part] {
            for (std::size_t i = 0; i < part.size(); i += 2) {
                part[i].handshakeDone();
                part[i].handshakeDone();
            }
            part.resize(500);
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    office->collectInto(guard);
    QCOMPARE(guard.connections(), std::size_t(2000));
    QCOMPARE(guard.handshakes(), std::size_t(1000));
    tickets.clear();
    office->collectInto(guard);
    QCOMPARE(guard.connections(), std::size_t(0));
    QCOMPARE(guard.handshakes(), std::size_t(0));
    QCOMPARE(guard.addresses(), std::size_t(0));
}

void TestAcceptGuard::memoryIsBounded()
{
    AcceptGuard guard({.connections = 0, .handshakes = 0, .acceptsPerSecond = 1});
    AcceptGuard::Instant now{};
    IpAddress counted;
    for (unsigned i = 0; i < 3 * AcceptGuard::kMostAddresses; ++i) {
        const IpAddress address = boost::asio::ip::address_v4(0x0a000000 + i);
        if (guard.admit(address, now, counted) == AcceptVerdict::Admitted) {
            guard.handshakeDone(counted);
            guard.gone(counted);
        }
        QVERIFY(guard.addresses() <= AcceptGuard::kMostAddresses + 1);
    }
    // Those that are forgotten are those whose bucket is full again.
    now += 1min;
    QCOMPARE(guard.admit(ip("198.51.100.1"), now, counted), AcceptVerdict::Admitted);
    QCOMPARE(counted, ip("198.51.100.1"));
    QVERIFY(guard.addresses() < 10);
}

WATCHWORD_TEST_MAIN(TestAcceptGuard)
#include "tst_acceptguard.moc"
