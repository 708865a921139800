// SPDX-License-Identifier: Apache-2.0
#include "net/tlscontext.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace Watchword::Gateway::Net {

namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

constexpr std::string_view kProtocol = "http/1.1";
constexpr char kGroups[] = "X25519:P-256:P-384";
// The first is the one that all have (RFC 8446 section 9.1). SHA-384 has no instructions of its own: 24 of 270 us of a handshake.
constexpr char kCipherSuites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr char kHybridGroups[] = "X25519MLKEM768:X25519:P-256:P-384";

Bio readable(const std::string &pem)
{
    return Bio(BIO_new_mem_buf(pem.data(), int(pem.size())), &BIO_free);
}

std::string reason(std::string_view what)
{
    char text[256] = "";
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return std::string(what) + " (" + text + ")";
}

// RFC 7301: the client's list is length-prefixed names.
int chooseProtocol(SSL *, const unsigned char **out, unsigned char *outSize, const unsigned char *offered, unsigned size, void *)
{
    for (unsigned at = 0; at < size;) {
        const unsigned length = offered[at];
        if (at + 1 + length > size)
            break;
        // Protocol names are bytes.
        const std::string_view name(reinterpret_cast<const char *>(offered + at + 1), length);
        if (name == kProtocol) {
            *out = offered + at + 1;
            *outSize = static_cast<unsigned char>(length);
            return SSL_TLSEXT_ERR_OK;
        }
        at += 1 + length;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int prepareTicket(SSL *session, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int isNew)
{
    auto *keys = static_cast<TicketKeys *>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    return keys->prepare(name, iv, cipher, mac, isNew == 1);
}

std::string useCertificate(SSL_CTX *context, const std::string &certificatePem, const std::string &keyPem)
{
    const Bio certificates = readable(certificatePem);
    const Certificate first(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!first || SSL_CTX_use_certificate(context, first.get()) != 1)
        return reason("the certificate cannot be read as PEM");
    while (X509 *next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)) {
        if (SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            return reason("the certificate's chain cannot be used");
        }
    }
    ERR_clear_error(); // the end of the file
    // An empty pass phrase instead of the default callback, which would ask on the terminal.
    char noPassPhrase[] = "";
    const Key key(PEM_read_bio_PrivateKey(readable(keyPem).get(), nullptr, nullptr, noPassPhrase), &EVP_PKEY_free);
    if (!key)
        return reason("the key cannot be read as PEM without a pass phrase");
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
        return reason("the key is not that of the certificate");
    return {};
}

std::string addAuthorities(SSL_CTX *context, const std::string &pem)
{
    const Bio certificates = readable(pem);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    int count = 0;
    while (X509 *next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)) {
        const Certificate certificate(next, &X509_free);
        if (X509_STORE_add_cert(store, certificate.get()) != 1)
            return reason("an authority cannot be used");
        ++count;
    }
    ERR_clear_error(); // the end of the file
    return count > 0 ? std::string() : std::string("there is no PEM certificate of an authority");
}

// By value: OpenSSL's macro takes the text as if it would change it.
bool setGroups(SSL_CTX *context, std::string groups)
{
    return SSL_CTX_set1_groups_list(context, groups.data()) == 1;
}

// What both sides have in common.
bool setRules(SSL_CTX *context, int leastVersion)
{
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    const bool isDone = SSL_CTX_set_min_proto_version(context, leastVersion) == 1
        && SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
        && SSL_CTX_set_ciphersuites(context, kCipherSuites) == 1
        && (setGroups(context, kHybridGroups) || setGroups(context, kGroups));
    ERR_clear_error(); // what an OpenSSL without the hybrid group left
    return isDone;
}

void setServerRules(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(context, &chooseProtocol, nullptr);
    constexpr unsigned char kSessions[] = "watchword-gateway";
    SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);
}

} // namespace

TicketKeys::TicketKeys()
    : m_current(makeKey())
    , m_previous(m_current)
{
}

TicketKeys::~TicketKeys()
{
    OPENSSL_cleanse(&m_current, sizeof m_current);
    OPENSSL_cleanse(&m_previous, sizeof m_previous);
}

TicketKeys::Key TicketKeys::makeKey()
{
    Key key;
    // Without random bytes nothing else works either; a ticket that nobody can guess is not made of zeros, see prepare().
    if (RAND_bytes(key.name.data(), int(key.name.size())) == 1 && RAND_bytes(key.cipher.data(), int(key.cipher.size())) == 1
        && RAND_bytes(key.mac.data(), int(key.mac.size())) == 1)
        key.madeAt = std::chrono::steady_clock::now();
    return key;
}

int TicketKeys::prepare(unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool isNew)
{
    constexpr int kRefused = 0;
    constexpr int kUsable = 1;
    constexpr int kRenew = 2;
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(m_mutex);
    if (now - m_current.madeAt > kLifetime)
        m_previous = std::exchange(m_current, makeKey());
    const Key *key = &m_current;
    if (isNew) {
        if (key->madeAt == std::chrono::steady_clock::time_point() || RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
            return -1;
        std::copy(key->name.begin(), key->name.end(), name);
    } else if (!std::equal(key->name.begin(), key->name.end(), name)) {
        key = &m_previous;
        if (!std::equal(key->name.begin(), key->name.end(), name) || now - key->madeAt > 2 * kLifetime)
            return kRefused;
    }
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char *>(key->mac.data()), key->mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    const int isSet = isNew ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv)
                            : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv);
    if (isSet != 1 || EVP_MAC_CTX_set_params(mac, parameters) != 1)
        return -1;
    return isNew || key == &m_current ? kUsable : kRenew;
}

std::shared_ptr<const TlsContext> TlsContext::create(const TlsOptions &options, std::string &problem)
{
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    if (!context || !setRules(context.get(), options.tls13Only ? TLS1_3_VERSION : TLS1_2_VERSION)) {
        problem = reason("TLS cannot be set up");
        return {};
    }
    setServerRules(context.get());
    problem = useCertificate(context.get(), options.certificatePem, options.keyPem);
    if (!problem.empty())
        return {};
    if (options.ticketKeys) {
        SSL_CTX_set_app_data(context.get(), options.ticketKeys.get());
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &prepareTicket);
        SSL_CTX_set_num_tickets(context.get(), 1);
    } else {
        SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context.get(), 0);
    }
    return std::shared_ptr<const TlsContext>(new TlsContext(context.release(), options.ticketKeys));
}

std::shared_ptr<const TlsContext> TlsContext::createClient(const TlsClientOptions &options, std::string &problem)
{
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    const std::string protocols = char(kProtocol.size()) + std::string(kProtocol);
    // OpenSSL takes the list as bytes; 0 is success here.
    const auto *list = reinterpret_cast<const unsigned char *>(protocols.data());
    if (!context || !setRules(context.get(), TLS1_2_VERSION) || SSL_CTX_set_default_verify_paths(context.get()) != 1
        || SSL_CTX_set_alpn_protos(context.get(), list, unsigned(protocols.size())) != 0) {
        problem = reason("TLS cannot be set up");
        return {};
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (!options.authoritiesPem.empty())
        problem = addAuthorities(context.get(), options.authoritiesPem);
    if (problem.empty() && !options.certificatePem.empty())
        problem = useCertificate(context.get(), options.certificatePem, options.keyPem);
    if (!problem.empty())
        return {};
    std::shared_ptr<TlsContext> client(new TlsContext(context.release(), {}));
    client->m_isClient = true;
    return client;
}

TlsContext::TlsContext(SSL_CTX *context, std::shared_ptr<TicketKeys> keys)
    : m_context(context)
    , m_ticketKeys(std::move(keys))
{
}

TlsContext::~TlsContext()
{
    SSL_CTX_free(m_context);
}

SSL *TlsContext::makeSession() const
{
    ERR_clear_error();
    return SSL_new(m_context);
}

} // namespace Watchword::Gateway::Net
