// SPDX-License-Identifier: Apache-2.0
#pragma once

// No header of Qt here: the load generator is made of epoll, OpenSSL and the frame codec, and costs as little as it can.
#include "watchword/wire/clienthandshake.h"
#include "watchword/wire/frameparser.h"

#include <openssl/ssl.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace Bench {

namespace Wire = Watchword::Wire;
using LoadClock = std::chrono::steady_clock;

/*! A WebSocket server and what its clients need. */
struct LoadTarget
{
    unsigned short port = 0;
    std::string path = "/";
    std::string authorityFile{};
    std::vector<std::string> tokens{}; //!< Used in turns; empty: no Authorization is sent.
    std::string subprotocol{}; //!< Empty: none is offered.
};

class LoadConnection;

/*! Who uses a LoadConnection. Nothing may be destroyed from inside a call. */
class LoadUser
{
public:
    virtual void opened(LoadConnection &connection) = 0;
    virtual void messageReceived(LoadConnection &connection, std::uint64_t size) = 0; //!< Text or Binary, whole.
    virtual void failed(LoadConnection &connection, const std::string &what) = 0; //!< The last call.

protected:
    ~LoadUser() = default;
};

/*!
    One client over TLS on an edge-triggered epoll descriptor. It answers pings; all that a wake-up gives cause to send leaves
    together at its end. Buffers are OpenSSL's, which are released when they are empty, and one scratch for all.
*/
class LoadConnection final : private Wire::FrameSink
{
public:
    enum class Goal { Tls, WebSocket };
    enum class State { Connecting, Tls, Upgrading, Open, Ended };

    LoadConnection(SSL_CTX *tls, const LoadTarget &target, const std::string &token, Goal goal, LoadUser &user);
    ~LoadConnection();
    LoadConnection(const LoadConnection &) = delete;
    LoadConnection &operator=(const LoadConnection &) = delete;

    bool start(int epoll, unsigned short port);
    void wakeUp(); //!< By an event of the descriptor.
    //! Whole masked frames. Inside a call to the user they leave behind it, else at once.
    void send(const std::string &frames);
    void close(); //!< Without WebSocket's closing handshake, as a process that ends.
    State state() const { return m_state; }
    LoadClock::time_point startedAt() const { return m_startedAt; }

    std::deque<LoadClock::time_point> sentAt{}; //!< Of messages whose echo is awaited; the user's.

private:
    bool finishConnect();
    bool shakeHands();
    void readAll();
    void take(Wire::MutableBytes bytes);
    void flush();
    void fail(const std::string &what);

    Wire::Flow frameStarted(const Wire::FrameHeader &header) override;
    Wire::Flow frameData(Wire::MutableBytes bytes) override;
    Wire::Flow frameEnded() override;
    Wire::Flow pingReceived(Wire::Bytes payload) override;
    Wire::Flow pongReceived(Wire::Bytes) override { return Wire::Flow::GoOn; }
    Wire::Flow closeReceived(const Wire::CloseFrame &close) override;

    LoadUser &m_user;
    Goal m_goal;
    State m_state = State::Connecting;
    int m_descriptor = -1;
    SSL *m_tls;
    bool m_isAwake = false; //!< wakeUp() runs, and flushes at its end.
    LoadClock::time_point m_startedAt{};
    std::unique_ptr<Wire::ClientHandshake> m_handshake; //!< Until the 101.
    Wire::FrameParser m_parser;
    bool m_isLastFrame = false;
    std::uint64_t m_size = 0; //!< Of the message so far.
    std::string m_output{};
    std::size_t m_written = 0; //!< Of m_output.
};

//! For clients of \a target; throws std::runtime_error. The caller frees it.
SSL_CTX *makeLoadTls(const LoadTarget &target);
//! A client's frame with a payload of so many ASCII characters.
std::string loadFrame(Wire::Opcode opcode, std::size_t size);
Wire::UpgradeRequest loadRequest(const LoadTarget &target, const std::string &token);
std::array<std::uint8_t, 16> loadNonce();

} // namespace Bench
