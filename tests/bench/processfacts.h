// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

namespace Bench {

double processorSeconds(qint64 pid); //!< Of all threads of a running process (Linux: /proc).
qint64 residentBytes(qint64 pid); //!< VmRSS.
qint64 proportionalBytes(qint64 pid); //!< PSS: what it shares with others counts in part.
//! The share of all cores, 0 to 1, that was used during the next \a milliseconds; this process does nothing meanwhile.
double busyShare(int milliseconds);
qint64 mostResidentBytes(qint64 pid); //!< VmHWM since forgetMostResident().
bool forgetMostResident(qint64 pid); //!< The peak begins at what it has now.
int descriptorLimit(); //!< To which raiseDescriptorLimit() could go.
bool raiseDescriptorLimit(int least); //!< Of this process and the children that it starts from now on.

} // namespace Bench
