// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/completion.h"
#include "monitor/store/interner.h"
#include "monitor/store/tokenstore.h"

#include <memory>
#include <vector>

namespace Monitor {

/*! The filter language over sessions. */
class LaneQuery
{
public:
    explicit LaneQuery(const TokenStore &store)
        : m_store(store)
    {
    }

    std::vector<quint32> matching(const std::shared_ptr<const QueryNode> &root, qint64 now);
    ValueCounts values(const Field &field, const QString &prefix, qint64 now) const;

private:
    const TokenStore &m_store;
    std::unique_ptr<Interner> m_strings;
};

} // namespace Monitor
