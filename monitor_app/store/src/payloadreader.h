// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayList>
#include <QByteArrayView>

#include <functional>
#include <memory>

namespace Monitor {

/*! Reads one member of an event that is JSON text. Threads: one at a time; it keeps its memory from call to call. */
class PayloadReader
{
public:
    PayloadReader();
    ~PayloadReader();
    Q_DISABLE_COPY_MOVE(PayloadReader)

    enum class Of { Any, All };
    //! \a test of the text of the member, or of any or all elements of a list. False also when the text is no JSON object, and
    //! when the member is missing, null, empty or an object.
    bool passes(QByteArrayView json, const QByteArrayList &path, Of of, const std::function<bool(QByteArrayView)> &test);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
