// Package deliver brings notices of incidents to the receivers of alerts: from
// a durable outbox, at least once, and each receiver apart from the others.
//
// # What it promises
//
// A notice that was taken on by [Outbox.Deliver] is on the disk when the
// incident that it is about is. For each receiver that wants it there is then a
// delivery, which is pending until the receiver accepted it (delivered), or
// refused it for good, or was not to be had for too long (dead). Dead
// deliveries are kept, shown, and can be tried again by hand.
//
// A delivery is sent again when it is not known whether it was accepted: the
// connection broke, no answer came, or this process ended in between. It then
// has the same [Message].ID, by which a receiver can tell that it knows it.
// Nothing else is ever sent twice.
//
// Notices of one incident are sent to a receiver in their order, one after the
// other; those of several incidents side by side, up to a bound. A receiver
// that is down, slow or wrong delays no other, and neither detection nor the
// calls: all that happens on the way of these is one row in the outbox.
//
// # Bounds
//
// Each receiver has a bound of pending deliveries; when it is reached the
// oldest becomes dead. A receiver for people gets a bounded number of messages
// a minute; what is more is folded into one that sums it up. A receiver can
// also ask for digests: one message for all that happened in a while.
//
// # Personal data
//
// A message that a receiver is to get without personal data is stored without
// it. The content of a delivery is deleted when it is delivered, and with the
// delivery when it is dead for long; [Outbox.Forget] deletes it at once.
package deliver
